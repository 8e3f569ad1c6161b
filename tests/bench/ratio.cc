#include "tests/bench/ratio.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <sstream>

namespace bitsd::bench {
namespace {

/// Between the two nearest of sorted values.
double Quantile(const std::vector<double>& sorted, double part) {
  const double at = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(std::floor(at));
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - std::floor(at));
}

std::string Shown(double value, const std::string& unit) {
  std::ostringstream text;
  text << std::setprecision(3) << value << " " << unit;
  return text.str();
}

}  // namespace

Spread SpreadOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {Quantile(values, 0.25), Quantile(values, 0.5), Quantile(values, 0.75)};
}

bool Result::Holds() const {
  if (!goal.target) return true;
  return goal.better == Better::kLower ? ratio.q1 <= *goal.target : ratio.q3 >= *goal.target;
}

std::vector<Pair> Interleave(int count, const std::function<Sample()>& ours,
                             const std::function<Sample()>& peer) {
  ours();
  peer();
  std::vector<Pair> pairs;
  for (int i = 0; i < count; ++i) {
    Sample mine = ours();
    Sample other = peer();
    std::cerr << " " << Shown(mine.front(), "") << "/ " << Shown(other.front(), "") << std::flush;
    pairs.push_back({std::move(mine), std::move(other)});
  }
  std::cerr << "\n";
  return pairs;
}

Result RatioOf(const Goal& goal, const std::vector<Pair>& pairs, size_t value, double scale,
               const std::string& unit) {
  std::vector<double> ratios;
  std::vector<double> ours;
  std::vector<double> peer;
  for (const Pair& pair : pairs) {
    ratios.push_back(pair.ours.at(value) / pair.peer.at(value));
    ours.push_back(pair.ours.at(value) * scale);
    peer.push_back(pair.peer.at(value) * scale);
  }
  return {goal, SpreadOf(std::move(ratios)), Shown(SpreadOf(std::move(ours)).median, unit),
          Shown(SpreadOf(std::move(peer)).median, unit), pairs.size()};
}

}  // namespace bitsd::bench
