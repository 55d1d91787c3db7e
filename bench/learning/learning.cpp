// SPDX-License-Identifier: MIT
/// Measures the learner on captures of real devices: learns each device's first set-ups, judges the
/// rest and the other devices' traffic, prints one line per device and the totals as Markdown.
///
///   learning [--verbose] CORPUS/devices
///
/// Exit code: 0 if the goals are reached, 1 if not, 2 if it could not run.
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <netinet/in.h>

#include <fmt/format.h>

#include "agent/capture/replay.hpp"
#include "policy/notation.hpp"

namespace {

namespace fs = std::filesystem;
using namespace tollgate;

constexpr std::size_t kLearned = 10;  // set-ups
constexpr double kBlockedGoal = 2;    // percent
constexpr double kAdmittedGoal = 7;
constexpr std::size_t kRulesGoal = 16;

struct Device {
    std::string name;
    MacAddress mac;
    std::vector<fs::path> captures;  // in the order of their numbers
};

struct Share {
    std::uint64_t part = 0;
    std::uint64_t whole = 0;
    [[nodiscard]] double percent() const {
        return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    }
    Share& operator+=(const Share& other) {
        part += other.part;
        whole += other.whole;
        return *this;
    }
};

struct Score {
    Share blocked;   // of the device's own flows
    Share admitted;  // of the other devices' flows
    std::size_t rules = 0;
    std::size_t clean = 0;  // set-ups without a blocked flow
    std::size_t judged = 0;
};

// "Setup-C-12-STA.pcap" → 12, within "Setup-C".
std::pair<int, std::string> order_of(const fs::path& capture) {
    const std::string name = capture.stem().string();
    const std::size_t digits = name.find_first_of("0123456789");
    int number = 0;
    if (digits != std::string::npos) {
        std::from_chars(name.data() + digits, name.data() + name.size(), number);
    }
    return {number, name};
}

std::vector<Device> devices_in(const fs::path& folder) {
    std::vector<Device> devices;
    for (const auto& entry : fs::directory_iterator(folder)) {
        Device device{entry.path().filename().string(), {}, {}};
        std::string text;
        std::ifstream(entry.path() / "_iotdevice-mac.txt") >> text;
        const auto mac = MacAddress::parse(text);
        if (!mac) {
            continue;
        }
        device.mac = *mac;
        for (const auto& file : fs::directory_iterator(entry.path())) {
            if (file.path().extension() == ".pcap") {
                device.captures.push_back(file.path());
            }
        }
        std::sort(device.captures.begin(), device.captures.end(), [](const auto& a, const auto& b) {
            return order_of(a) < order_of(b);
        });
        devices.push_back(std::move(device));
    }
    std::sort(devices.begin(), devices.end(), [](const Device& a, const Device& b) {
        return a.name < b.name;
    });
    return devices;
}

// Infrastructure that every device uses says nothing about how narrow a policy is.
bool tells_devices_apart(const policy::FlowRecord& flow) {
    static const std::set<std::uint16_t> kCommon{53, 67, 68, 123, 546, 547, 1900, 5353};
    const bool ports = flow.protocol == IPPROTO_TCP || flow.protocol == IPPROTO_UDP;
    return ports && !kCommon.contains(flow.service_port());
}

std::string describe(const policy::FlowRecord& flow) {
    return fmt::format(
        "{} {} {} {}",
        policy::to_text(flow.direction),
        flow.remote.to_string(),
        policy::to_text(policy::Service{flow.protocol, flow.service_port(), flow.service_port()}),
        flow.answered ? "" : "unanswered");
}

// How many of the flows tell devices apart.
std::uint64_t count_telling(const policy::SimulationReport& report) {
    return static_cast<std::uint64_t>(
        std::count_if(report.blocked.begin(), report.blocked.end(), [](const auto& blocked) {
            return tells_devices_apart(blocked.flow);
        }));
}

policy::SimulationReport judge(const fs::path& capture,
                               const MacAddress& device,
                               const policy::Policy& policy) {
    auto report = agent::simulate_capture(capture, device, policy);
    if (!report) {
        std::cerr << report.error().message() << '\n';
        std::exit(2);
    }
    return std::move(*report);
}

policy::Policy learned_policy(const Device& device) {
    policy::Learner learner;
    for (std::size_t i = 0; i < kLearned; ++i) {
        const auto frames = agent::learn_capture(device.captures[i], device.mac, learner);
        if (!frames) {
            std::cerr << frames.error().message() << '\n';
            std::exit(2);
        }
    }
    return learner.propose();
}

class Bench {
  public:
    Bench(std::vector<Device> devices, bool verbose)
        : devices_(std::move(devices)), verbose_(verbose) {
        std::erase_if(devices_, [](const Device& d) { return d.captures.size() <= kLearned; });
        for (const Device& device : devices_) {
            for (std::size_t i = kLearned; i < device.captures.size(); ++i) {
                const auto nothing_allowed = judge(device.captures[i], device.mac, {});
                flows_[device.captures[i]] = count_telling(nothing_allowed);
            }
        }
    }

    /// Prints the table. @return whether the goals are reached
    [[nodiscard]] bool run() const;

  private:
    [[nodiscard]] Score score(const Device& device) const;
    void judge_own(const Device& device, const policy::Policy& policy, Score& score) const;

    std::vector<Device> devices_;
    std::map<fs::path, std::uint64_t> flows_;  // that tell devices apart
    bool verbose_;
};

void Bench::judge_own(const Device& device, const policy::Policy& policy, Score& score) const {
    for (std::size_t i = kLearned; i < device.captures.size(); ++i) {
        const auto report = judge(device.captures[i], device.mac, policy);
        score.blocked += {report.blocked.size(), report.flows};
        score.clean += report.blocked.empty() ? 1 : 0;
        ++score.judged;
        for (const auto& blocked : report.blocked) {
            if (verbose_) {
                std::cerr << device.name << " blocked " << describe(blocked.flow) << ' '
                          << label(blocked.reason) << '\n';
            }
        }
    }
}

Score Bench::score(const Device& device) const {
    const policy::Policy policy = learned_policy(device);
    Score score;
    score.rules = policy.rules.size();
    judge_own(device, policy, score);
    for (const Device& other : devices_) {
        for (std::size_t i = kLearned; other.mac != device.mac && i < other.captures.size(); ++i) {
            const std::uint64_t all = flows_.at(other.captures[i]);
            const std::uint64_t blocked =
                count_telling(judge(other.captures[i], other.mac, policy));
            score.admitted += {all - blocked, all};
        }
    }
    return score;
}

bool Bench::run() const {
    Share blocked;
    Share admitted;
    double blocked_percents = 0;
    Score all;
    std::vector<std::size_t> rules;
    std::cout << "| device | benign flows blocked | foreign flows admitted | rules |\n"
                 "|---|---:|---:|---:|\n";
    for (const Device& device : devices_) {
        const Score result = score(device);
        blocked += result.blocked;
        blocked_percents += result.blocked.percent();
        admitted += result.admitted;
        all.clean += result.clean;
        all.judged += result.judged;
        rules.push_back(result.rules);
        std::cout << fmt::format("| {} | {:.1f} % ({} of {}) | {:.1f} % | {} |\n",
                                 device.name,
                                 result.blocked.percent(),
                                 result.blocked.part,
                                 result.blocked.whole,
                                 result.admitted.percent(),
                                 result.rules)
                  << std::flush;
    }
    std::sort(rules.begin(), rules.end());
    const std::size_t median = rules[rules.size() / 2];
    std::cout << fmt::format(
        "| **all** | **{:.2f} %** ({} of {}) | **{:.2f} %** ({} of {}) | **median {}** |\n"
        "\nMean of the devices' blocked shares: {:.1f} %. "
        "Set-ups without a blocked flow: {} of {}.\n",
        blocked.percent(),
        blocked.part,
        blocked.whole,
        admitted.percent(),
        admitted.part,
        admitted.whole,
        median,
        blocked_percents / static_cast<double>(devices_.size()),
        all.clean,
        all.judged);
    return blocked.percent() <= kBlockedGoal && admitted.percent() <= kAdmittedGoal &&
           median <= kRulesGoal;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool verbose = arguments.size() == 2 && arguments.front() == "--verbose";
    if (arguments.size() != (verbose ? 2U : 1U) || !fs::is_directory(arguments.back())) {
        std::cerr << "usage: learning [--verbose] CORPUS/devices\n";
        return 2;
    }
    const auto devices = devices_in(arguments.back());
    if (devices.empty()) {
        std::cerr << "no devices in " << arguments.back() << '\n';
        return 2;
    }
    return Bench(devices, verbose).run() ? 0 : 1;
}
