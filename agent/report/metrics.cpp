// SPDX-License-Identifier: MIT
#include "agent/report/metrics.hpp"

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace tollgate::agent {

namespace {

using prometheus::MetricType;

struct Definition {
    std::string_view name;
    MetricType type;
    std::string_view type_name;
    std::string_view labels;
    std::string_view help;
};

// The words of the list in metrics.hpp.
// NOLINTBEGIN(readability-identifier-naming)
constexpr MetricType gauge = MetricType::Gauge;
constexpr MetricType counter = MetricType::Counter;
constexpr MetricType histogram = MetricType::Histogram;
// NOLINTEND(readability-identifier-naming)

constexpr std::array kDefinitions{
#define X(id, name, type, labels, help) Definition{name, type, #type, labels, help},
    TOLLGATE_METRICS(X)
#undef X
};

prometheus::ClientMetric to_client(MetricType type, double value, const auto& distribution) {
    prometheus::ClientMetric client;
    if (type == MetricType::Counter) {
        client.counter.value = value;
    } else if (type == MetricType::Gauge) {
        client.gauge.value = value;
    } else {
        client.histogram.sample_count = distribution.count;
        client.histogram.sample_sum = distribution.sum;
        for (const auto& [bound, count] : distribution.buckets) {
            client.histogram.bucket.push_back({count, bound});
        }
    }
    return client;
}

// Fields of /proc/self/stat behind the program's name, which may hold anything (proc(5)).
std::vector<double> process_fields() {
    std::ifstream file{"/proc/self/stat"};
    std::string text{std::istreambuf_iterator<char>{file}, {}};
    const std::size_t state = text.rfind(')') + 2;  // a letter
    std::istringstream fields{text.substr(std::min(text.size(), state + 1))};
    std::vector<double> values;
    for (double value = 0; fields >> value;) {
        values.push_back(value);
    }
    return values;
}

double boot_time() {
    std::ifstream file{"/proc/stat"};
    for (std::string word; file >> word;) {
        double seconds = 0;
        if (word == "btime" && file >> seconds) {
            return seconds;
        }
    }
    return 0;
}

std::uint64_t open_descriptors() {
    std::error_code error;
    const std::filesystem::directory_iterator entries{"/proc/self/fd", error};
    return static_cast<std::uint64_t>(std::distance(begin(entries), end(entries)));
}

std::vector<std::pair<std::string, std::string>> copy(MetricsPage::Labels labels) {
    return {labels.begin(), labels.end()};
}

}  // namespace

void MetricsPage::add(Metric metric, Labels labels, double value) {
    samples_.push_back({metric, copy(labels), value, {}});
}

void MetricsPage::add_histogram(Metric metric, Labels labels, Distribution distribution) {
    samples_.push_back({metric, copy(labels), 0, std::move(distribution)});
}

void MetricsPage::add_process() {
    // Of the fields behind the state, which is field 3 of proc(5).
    constexpr std::size_t kUserTime = 14 - 4;
    constexpr std::size_t kSystemTime = 15 - 4;
    constexpr std::size_t kStart = 22 - 4;
    constexpr std::size_t kVirtual = 23 - 4;
    constexpr std::size_t kResident = 24 - 4;
    const std::vector<double> fields = process_fields();
    if (fields.size() <= kResident) {
        return;
    }
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
    add(Metric::process_cpu, {}, (fields[kUserTime] + fields[kSystemTime]) / ticks);
    add(Metric::process_resident, {}, fields[kResident] * page);
    add(Metric::process_virtual, {}, fields[kVirtual]);
    add(Metric::process_start, {}, boot_time() + fields[kStart] / ticks);
    add(Metric::process_fds, {}, open_descriptors());
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        add(Metric::process_max_fds, {}, static_cast<double>(limit.rlim_cur));
    }
}

std::string MetricsPage::to_text() const {
    std::map<Metric, prometheus::MetricFamily> families;
    for (const Sample& sample : samples_) {
        const Definition& definition = kDefinitions.at(static_cast<std::size_t>(sample.metric));
        prometheus::MetricFamily& family = families[sample.metric];
        family.name = definition.name;
        family.help = definition.help;
        family.type = definition.type;
        prometheus::ClientMetric client =
            to_client(definition.type, sample.value, sample.distribution);
        for (const auto& [name, value] : sample.labels) {
            client.label.push_back({name, value});
        }
        family.metric.push_back(std::move(client));
    }
    std::vector<prometheus::MetricFamily> ordered;
    for (auto& family : families) {
        ordered.push_back(std::move(family.second));
    }
    std::ostringstream text;
    prometheus::TextSerializer{}.Serialize(text, ordered);
    return text.str();
}

std::string metrics_table() {
    std::string table = "| metric | type | labels | meaning |\n|---|---|---|---|\n";
    for (const Definition& definition : kDefinitions) {
        table += fmt::format("| `{}` | {} | {} | {} |\n",
                             definition.name,
                             definition.type_name,
                             definition.labels,
                             definition.help);
    }
    return table;
}

}  // namespace tollgate::agent
