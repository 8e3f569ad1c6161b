// A bitsd with many jobs at rest: suspended downloads of "fetcher" with one file each, a URL of 100
// bytes and a path of 60.
//
// They are written through the store itself, as bitsd's user and while no bitsd runs, under ids as
// random as bitsd's own; a bitsd is then started on what is there. Thread safety: none. Ownership:
// the process and its folder.

#ifndef BITSD_TESTS_BENCH_CROWD_H_
#define BITSD_TESTS_BENCH_CROWD_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "tests/testing/bitsd/bitsd_server.h"

namespace bitsd::bench {

class Crowd {
 public:
  /// A bitsd that serves `count` jobs.
  explicit Crowd(size_t count);

  tests::BitsdServer& bitsd() { return *bitsd_; }

  /// `count` of the jobs, or all when there are fewer, in an order that is none in the tables;
  /// always the same ones.
  std::vector<std::string> Some(size_t count) const;

  void Stop();
  /// Starts it again; returns how many seconds it took until a call was answered.
  double StartAgain();
  /// Reads every value of every table with the SQLite library; returns how many seconds it took.
  /// While it is stopped.
  double ScanTables() const;
  /// Memory of all its processes that is in RAM now.
  double ResidentBytes();

 private:
  std::unique_ptr<tests::BitsdServer> bitsd_;
  std::vector<std::string> jobs_;
};

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_CROWD_H_
