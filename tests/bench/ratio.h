// Ratios of what bitsd does to what a peer does, measured in one run.
//
// A measurement takes interleaved pairs (ours, peer, ours, peer, ...), so that what else happens on
// the machine meets both. The ratio of each pair is one observation; the median is the result and
// the quartiles are its spread. A target counts as missed only when the whole interquartile range
// misses it. Thread safety: values.

#ifndef BITSD_TESTS_BENCH_RATIO_H_
#define BITSD_TESTS_BENCH_RATIO_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace bitsd::bench {

enum class Better { kLower, kHigher };

/// What is measured, and what is good.
struct Goal {
  std::string name;  ///< Such as "get_flags_cpu".
  Better better = Better::kLower;
  std::optional<double> target;  ///< None: only shown.
};

struct Spread {
  double q1 = 0;
  double median = 0;
  double q3 = 0;
};

/// Of at least one value.
Spread SpreadOf(std::vector<double> values);

struct Result {
  Goal goal;
  Spread ratio;
  std::string ours;  ///< Our own median with its unit, for people.
  std::string peer;
  size_t pairs = 0;  ///< How many were measured.

  /// False when all of the interquartile range misses the target.
  bool Holds() const;
};

/// Several values of one run, such as {seconds, CPU seconds}.
using Sample = std::vector<double>;
struct Pair {
  Sample ours;
  Sample peer;
};

/// `count` interleaved pairs, after one of each that does not count.
std::vector<Pair> Interleave(int count, const std::function<Sample()>& ours,
                             const std::function<Sample()>& peer);

/// The ratio ours / peer of value number `value`. `unit` is what that value is in, and `scale` what
/// it is multiplied by to be shown.
Result RatioOf(const Goal& goal, const std::vector<Pair>& pairs, size_t value, double scale,
               const std::string& unit);

}  // namespace bitsd::bench

#endif  // BITSD_TESTS_BENCH_RATIO_H_
