// The table of bitsadmin's verbs.

#include <deque>

#include "client/cli/bitsadmin.h"
#include "client/cli/properties.h"

namespace bits::cli {
namespace {

constexpr char kTypeSwitches[] =
    "download=--type=DOWNLOAD upload=--type=UPLOAD upload-reply=--type=UPLOAD_REPLY";

constexpr char kCertificates[] =
    "!there are no certificate stores here: bitsctl set-client-certificate JOB CERTIFICATE KEY "
    "takes "
    "PEM files";
constexpr char kHeaders[] = "!custom headers and HTTP methods are not built yet";
constexpr char kReply[] = "!uploads and replies are not built yet";
constexpr char kNotify[] =
    "!bitsd runs no commands and has no flags for it: bitsctl monitor JOB "
    "--json tells a program of every change";
constexpr char kNoCounterpart[] = "!it has no counterpart away from Windows and is not planned";
constexpr char kNoPasswords[] =
    "!bitsctl takes no passwords, an identity is a certificate: put it into the configuration file "
    "(bitsctl identities) and say /sethelpertoken JOB NAME";

constexpr BitsadminVerb kVerbs[] = {
    {"create", "NAME", "create {1}", kTypeSwitches},
    {"addfile", "JOB URL FILE", "add-file {1} {2} {3}"},
    {"addfileset", "JOB LIST", "add-file --from={2} {1}"},
    {"resume", "JOB", "resume {1}"},
    {"suspend", "JOB", "suspend {1}"},
    {"cancel", "JOB", "cancel {1}"},
    {"complete", "JOB", "complete {1}"},
    {"transfer", "NAME URL FILE ...", "transfer {1} {2} {3} {*}",
     "download= priority:=--priority="},
    {"list", "", "list", "allusers=--all-users verbose=--verbose"},
    {"info", "JOB", "info {1}", "verbose=--verbose"},
    {"listfiles", "JOB", "list-files {1}"},
    {"monitor", "", "monitor", "allusers=--all-users refresh:=--refresh="},
    {"monitor", "JOB", "monitor {1}", "refresh:=--refresh="},
    {"setdisplayname", "JOB NAME", "set-display-name {1} {2}"},
    {"setdescription", "JOB TEXT", "set-description {1} {2}"},
    {"setpriority", "JOB PRIORITY", "set-priority {1} {2}"},
    {"setminretrydelay", "JOB SECONDS", "set-min-retry-delay {1} {2}"},
    {"setnoprogresstimeout", "JOB SECONDS", "set-no-progress-timeout {1} {2}"},
    {"sethelpertoken", "JOB", "set-helper-token --unrestricted --job={1}"},
    {"sethelpertoken", "JOB NAME", "set-helper-token --unrestricted --job={1} --as-helper={2}"},
    {"sethelpertoken", "JOB USER PASSWORD", kNoPasswords},
    {"clearhelpertoken", "JOB", "clear-helper-token --job={1}"},
    {"gethelpertokensid", "JOB", "get-helper-token-sid --job={1}"},
    {"sethelpertokenflags", "JOB FLAGS", "set-helper-token-flags --job={1} {2}"},
    {"gethelpertokenflags", "JOB", "get-helper-token-flags --job={1}"},

    {"setcredentials", "JOB TARGET SCHEME USER PASSWORD", "set-credentials {1} {2} {3} {4}"},
    {"removecredentials", "JOB TARGET SCHEME", "remove-credentials {1} {2} {3}"},
    {"removeclientcertificate", "JOB", "remove-client-certificate {1}"},
    {"setsecurityflags", "JOB FLAGS", "set-security-flags {1} {2}"},
    {"setproxysettings", "JOB USAGE", "set-proxy {1} {2}"},
    {"setproxysettings", "JOB USAGE LIST BYPASS", "set-proxy {1} {2} {3} {4}"},

    {"reset", "...", "!name the jobs: bitsctl list --id-only | xargs -n 1 bitsctl cancel"},
    {"takeownership", "...",
     "!it is not built yet: the owner can lend what is needed with "
     "/sethelpertoken"},
    {"addfilewithranges", "...", "!ranges of files are not built yet"},
    {"replaceremoteprefix", "...", "!it is not built yet: make a new job with the new URLs"},
    {"setclientcertificatebyid", "...", kCertificates},
    {"setclientcertificatebyname", "...", kCertificates},
    {"setcustomheaders", "...", kHeaders},
    {"getcustomheaders", "...", kHeaders},
    {"makecustomheaderswriteonly", "...", kHeaders},
    {"sethttpmethod", "...", kHeaders},
    {"gethttpmethod", "...", kHeaders},
    {"setreplyfilename", "...", kReply},
    {"getreplyfilename", "...", kReply},
    {"getreplydata", "...", kReply},
    {"getreplyprogress", "...", kReply},
    {"setnotifycmdline", "...", kNotify},
    {"getnotifycmdline", "...", kNotify},
    {"setnotifyflags", "...", kNotify},
    {"getnotifyflags", "...", kNotify},
    {"getnotifyinterface", "...", kNotify},
    {"setmaxdownloadtime", "...", "!it is not built yet: /setnoprogresstimeout ends what is stuck"},
    {"getmaxdownloadtime", "...", "!it is not built yet: /setnoprogresstimeout ends what is stuck"},
    {"gettemporaryname", "...",
     "!temporary files are bitsd's own: .BIT*.tmp beside the "
     "destination"},
    {"setvalidationstate", "...", "!validation states are not built yet"},
    {"getvalidationstate", "...", "!validation states are not built yet"},
    {"setaclflag", "...", kNoCounterpart},
    {"setaclflags", "...", kNoCounterpart},
    {"getaclflags", "...", kNoCounterpart},
    {"setpeercachingflags", "...", kNoCounterpart},
    {"getpeercachingflags", "...", kNoCounterpart},
    {"cache", "...", kNoCounterpart},
    {"peercaching", "...", kNoCounterpart},
    {"peers", "...", kNoCounterpart},
};

}  // namespace

const std::vector<BitsadminVerb>& BitsadminVerbs() {
  static std::deque<std::string> meanings;  // Whose texts the verbs of the getters refer to.
  static const std::vector<BitsadminVerb> verbs = [] {
    std::vector<BitsadminVerb> all(std::begin(kVerbs), std::end(kVerbs));
    for (const JobProperty& property : JobProperties()) {
      if (property.bitsadmin.empty()) continue;
      meanings.push_back("get {1} " + std::string(property.name));
      all.push_back({property.bitsadmin, "JOB", meanings.back()});
    }
    return all;
  }();
  return verbs;
}

}  // namespace bits::cli
