// SPDX-License-Identifier: MIT
#include "agent/report/metrics.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <unistd.h>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace tollgate::agent {
namespace {

constexpr std::array kDescriptions{
#define X(id, name, kind, labels, help) \
    MetricDescription{Metric::id, name, MetricKind::kind, labels, help},
    TOLLGATE_METRICS(X)
#undef X
};

// The label names of a description.
std::vector<std::string> split(std::string_view labels) {
    std::vector<std::string> names;
    while (!labels.empty()) {
        const std::size_t comma = std::min(labels.find(','), labels.size());
        names.emplace_back(labels.substr(0, comma));
        labels.remove_prefix(std::min(comma + 2, labels.size()));
    }
    return names;
}

double seconds(const timeval& time) {
    constexpr double kMicroseconds = 1e-6;
    return static_cast<double>(time.tv_sec) + kMicroseconds * static_cast<double>(time.tv_usec);
}

// The fields of /proc/self/stat behind the command name, the state first; empty if unreadable.
std::vector<std::string> stat_fields() {
    std::ifstream file("/proc/self/stat");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t command_end = text.rfind(')');  // the name may hold spaces and brackets
    if (command_end == std::string::npos) {
        return {};
    }
    std::istringstream rest(text.substr(command_end + 1));
    return {std::istream_iterator<std::string>(rest), {}};
}

// When the machine was started, in seconds since 1970; 0 if unknown.
double boot_time() {
    std::ifstream file("/proc/stat");
    std::string word;
    while (file >> word) {
        double value = 0;
        if (word == "btime" && file >> value) {
            return value;
        }
    }
    return 0;
}

}  // namespace

std::span<const MetricDescription> metric_descriptions() {
    return kDescriptions;
}

struct Metrics::Families {
    std::array<prometheus::MetricFamily, kDescriptions.size()> family;
};

Metrics::Metrics() : families_{std::make_unique<Families>()} {
    for (std::size_t i = 0; i < kDescriptions.size(); ++i) {
        prometheus::MetricFamily& family = families_->family[i];
        family.name = kDescriptions[i].name;
        family.help = kDescriptions[i].help;
        family.type = kDescriptions[i].kind == MetricKind::counter ? prometheus::MetricType::Counter
                                                                   : prometheus::MetricType::Gauge;
    }
}

Metrics::~Metrics() = default;
Metrics::Metrics(Metrics&&) noexcept = default;
Metrics& Metrics::operator=(Metrics&&) noexcept = default;

void Metrics::add(Metric metric, std::initializer_list<std::string_view> labels, double value) {
    const auto index = static_cast<std::size_t>(metric);
    prometheus::ClientMetric sample;
    const std::string_view* label = labels.begin();
    for (std::string& name : split(kDescriptions[index].labels)) {
        const std::string_view text = label != labels.end() ? *label++ : std::string_view{};
        sample.label.push_back({std::move(name), std::string{text}});
    }
    if (kDescriptions[index].kind == MetricKind::counter) {
        sample.counter.value = value;
    } else {
        sample.gauge.value = value;
    }
    families_->family[index].metric.push_back(std::move(sample));
}

void Metrics::add_process() {
    rusage usage{};
    if (getrusage(RUSAGE_SELF, &usage) == 0) {
        add(Metric::process_cpu, {}, seconds(usage.ru_utime) + seconds(usage.ru_stime));
    }
    rlimit files{};
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        add(Metric::process_max_fds, {}, static_cast<double>(files.rlim_cur));
    }
    std::error_code error;
    const std::filesystem::directory_iterator open_files("/proc/self/fd", error);
    if (!error) {
        const auto count = std::distance(begin(open_files), end(open_files));
        add(Metric::process_fds, {}, static_cast<double>(count - 1));  // one is this iteration's
    }
    // proc(5): the 22nd field is the start in ticks after boot, then size in bytes and pages.
    constexpr std::size_t kStart = 19;
    const std::vector<std::string> fields = stat_fields();
    if (fields.size() > kStart + 2) {
        const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
        const auto page = static_cast<double>(sysconf(_SC_PAGESIZE));
        add(Metric::process_start, {}, boot_time() + std::stod(fields[kStart]) / ticks);
        add(Metric::process_virtual, {}, std::stod(fields[kStart + 1]));
        add(Metric::process_memory, {}, std::stod(fields[kStart + 2]) * page);
    }
}

std::string Metrics::text() const {
    std::vector<prometheus::MetricFamily> families;
    std::copy_if(families_->family.begin(),
                 families_->family.end(),
                 std::back_inserter(families),
                 [](const auto& family) { return !family.metric.empty(); });
    std::ostringstream out;
    prometheus::TextSerializer{}.Serialize(out, families);
    return out.str();
}

}  // namespace tollgate::agent
