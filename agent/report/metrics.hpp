// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/report/metric_list.hpp"

namespace tollgate::agent {

enum class Metric : std::uint8_t {
#define X(id, name, type, labels, help) id,
    TOLLGATE_METRICS(X)
#undef X
};

/// Rules beyond these are summed up as rule="_other": a policy must not make a scrape large.
inline constexpr std::size_t kRuleSeriesMax = 200;

/// How often there were values up to each of these bounds, which grow.
template <const auto& kBounds>
struct Histogram {
    std::array<std::uint64_t, kBounds.size()> at_most{};  ///< cumulative
    std::uint64_t count = 0;
    double sum = 0;

    void add(double value) {
        for (std::size_t i = 0; i < kBounds.size(); ++i) {
            at_most[i] += value <= kBounds[i] ? 1 : 0;
        }
        ++count;
        sum += value;
    }
    Histogram& operator+=(const Histogram& other) {
        for (std::size_t i = 0; i < kBounds.size(); ++i) {
            at_most[i] += other.at_most[i];
        }
        count += other.count;
        sum += other.sum;
        return *this;
    }
};

inline constexpr std::array kDurationBounds{0.005, 0.025, 0.1, 0.5, 2.5};
/// How long things took, in seconds.
using Durations = Histogram<kDurationBounds>;

/// Vectors have at most 64: what is above the last bound was full.
inline constexpr std::array kBatchBounds{1.0, 4.0, 16.0, 32.0, 63.0};
/// How many packets were handled at once.
using Batches = Histogram<kBatchBounds>;

/// One scrape: samples are added, then it is written once.
class MetricsPage {
  public:
    using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

    void add(Metric metric, Labels labels, double value);
    void add(Metric metric, Labels labels, std::unsigned_integral auto value) {
        add(metric, labels, static_cast<double>(value));
    }
    template <const auto& kBounds>
    void add(Metric metric, Labels labels, const Histogram<kBounds>& histogram) {
        std::vector<std::pair<double, std::uint64_t>> buckets;
        for (std::size_t i = 0; i < kBounds.size(); ++i) {
            buckets.emplace_back(kBounds[i], histogram.at_most[i]);
        }
        add_histogram(metric, labels, {std::move(buckets), histogram.count, histogram.sum});
    }
    /// process_*, of this process.
    void add_process();

    /// The text format of Prometheus, version 0.0.4. Metrics without samples are left out.
    [[nodiscard]] std::string to_text() const;

  private:
    struct Distribution {
        std::vector<std::pair<double, std::uint64_t>> buckets;  ///< bound, count up to it
        std::uint64_t count = 0;
        double sum = 0;
    };
    struct Sample {
        Metric metric;
        std::vector<std::pair<std::string, std::string>> labels;
        double value;
        Distribution distribution;
    };
    void add_histogram(Metric metric, Labels labels, Distribution distribution);

    std::vector<Sample> samples_;
};

/// The table of docs/metrics.md.
[[nodiscard]] std::string metrics_table();

}  // namespace tollgate::agent
