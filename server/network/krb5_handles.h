// What libkrb5 gives out, freed when it goes. For credential agents alone: the server links
// libkrb5, and never calls it.
//
// Thread safety: none. Ownership: each handle owns its value; its context must outlive it.

#ifndef BITSD_SERVER_NETWORK_KRB5_HANDLES_H_
#define BITSD_SERVER_NETWORK_KRB5_HANDLES_H_

#include <krb5.h>

#include <cstdint>
#include <utility>

namespace bitsd::network {

/// `Free` takes the context and the value.
template <typename T, auto Free>
class Krb5Handle {
 public:
  explicit Krb5Handle(krb5_context context) : context_(context) {}
  ~Krb5Handle() { Reset(); }
  Krb5Handle(Krb5Handle&& other) noexcept
      : context_(other.context_), value_(std::exchange(other.value_, nullptr)) {}
  Krb5Handle& operator=(Krb5Handle&& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(value_, other.value_);
    return *this;
  }

  T get() const { return value_; }
  T operator->() const { return value_; }
  /// For a function that makes the value.
  T* out() {
    Reset();
    return &value_;
  }

 private:
  void Reset() {
    if (value_ != nullptr) Free(context_, value_);
    value_ = nullptr;
  }

  krb5_context context_;
  T value_ = nullptr;
};

using Krb5Principal = Krb5Handle<krb5_principal, krb5_free_principal>;
using Krb5Name = Krb5Handle<char*, krb5_free_unparsed_name>;
using Krb5Keytab = Krb5Handle<krb5_keytab, krb5_kt_close>;
/// Of a file: closed, and left.
using Krb5OpenCache = Krb5Handle<krb5_ccache, krb5_cc_close>;
/// In memory: gone with the handle.
using Krb5OwnCache = Krb5Handle<krb5_ccache, krb5_cc_destroy>;
using Krb5SharedCreds = Krb5Handle<krb5_creds*, krb5_free_creds>;
using Krb5InitOptions = Krb5Handle<krb5_get_init_creds_opt*, krb5_get_init_creds_opt_free>;

/// A ticket by value. libkrb5 overwrites its key when it is freed.
class Krb5Creds {
 public:
  explicit Krb5Creds(krb5_context context) : context_(context) {}
  ~Krb5Creds() { krb5_free_cred_contents(context_, &value_); }
  Krb5Creds(Krb5Creds&& other) noexcept
      : context_(other.context_), value_(std::exchange(other.value_, {})) {}
  Krb5Creds& operator=(Krb5Creds&& other) noexcept {
    std::swap(context_, other.context_);
    std::swap(value_, other.value_);
    return *this;
  }

  krb5_creds* get() { return &value_; }
  krb5_creds* operator->() { return &value_; }
  const krb5_creds& operator*() const { return value_; }
  const krb5_creds* operator->() const { return &value_; }

 private:
  krb5_context context_;
  krb5_creds value_{};
};

/// Seconds since 1970: libkrb5's signed numbers go on beyond 2038 as unsigned ones.
inline int64_t EndOf(const krb5_creds& ticket) {
  return static_cast<uint32_t>(ticket.times.endtime);
}

}  // namespace bitsd::network

#endif  // BITSD_SERVER_NETWORK_KRB5_HANDLES_H_
