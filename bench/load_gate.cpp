// SPDX-License-Identifier: MIT
/// load_gate PIN-FOLDER INTERFACE RULES BLOCKLIST [wide]
///
/// Loads the real data path with a synthetic policy, enforced on the interface, and leaves it
/// there, as the daemon's exit would. Prints how long each step took, in milliseconds.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "agent/datapath/gate.hpp"
#include "bench/synthetic_policy.hpp"
#include "policy/compile.hpp"

namespace {

using Clock = std::chrono::steady_clock;
using namespace tollgate;

double milliseconds_since(Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct Request {
    std::string pins;
    std::string interface;
    std::size_t rules = 0;
    std::size_t blocklist = 0;
    bool wide = false;
};

Result<std::string> load(const Request& request) {
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const policy::Policy policy = bench::synthetic_policy(request.rules, request.wide);
    const std::vector<Prefix> blocklist = bench::synthetic_blocklist(request.blocklist);

    auto start = Clock::now();
    const auto compiled = policy::compile(policy, now);
    const double compile_ms = milliseconds_since(start);
    if (!compiled) {
        return Failure{compiled.error()};
    }
    auto gate = agent::Gate::open({.pin_dir = request.pins});
    if (!gate) {
        return Failure{gate.error()};
    }
    start = Clock::now();
    const auto switched = (*gate)->switch_to({.policy = &*compiled, .number = 1});
    const double switch_ms = milliseconds_since(start);
    if (!switched) {
        return Failure{switched.error()};
    }
    start = Clock::now();
    const auto added = (*gate)->blocklist_add(blocklist);
    const double blocklist_ms = milliseconds_since(start);
    if (!added) {
        return Failure{added.error()};
    }
    start = Clock::now();
    const auto attachment = (*gate)->attach(request.interface, 0);
    const double attach_ms = milliseconds_since(start);
    if (!attachment) {
        return Failure{attachment.error()};
    }
    return fmt::format(
        R"({{"native": {}, "compile_ms": {:.1f}, "switch_ms": {:.1f}, "blocklist_ms": {:.1f}, "attach_ms": {:.1f}}})",
        attachment->ingress == agent::AttachMode::native,
        compile_ms,
        switch_ms,
        blocklist_ms,
        attach_ms);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    constexpr std::size_t kLeast = 4;
    if (arguments.size() < kLeast) {
        std::fputs("usage: load_gate PIN-FOLDER INTERFACE RULES BLOCKLIST [wide]\n", stderr);
        return EXIT_FAILURE;
    }
    const auto report = load({.pins = arguments[0],
                              .interface = arguments[1],
                              .rules = std::stoul(arguments[2]),
                              .blocklist = std::stoul(arguments[3]),
                              .wide = arguments.size() > kLeast});
    if (!report) {
        fmt::print(stderr, "load_gate: {}\n", report.error().message());
        return EXIT_FAILURE;
    }
    fmt::print("{}\n", *report);
    return EXIT_SUCCESS;
}
