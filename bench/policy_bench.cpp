// SPDX-License-Identifier: MIT
/// What a policy change costs in user space: reading the file, compiling it.
#include <chrono>
#include <string>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "bench/synthetic_policy.hpp"
#include "policy/compile.hpp"
#include "policy/yaml_reader.hpp"

namespace {

using namespace tollgate;

policy::WallTime now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

std::string file_of(const policy::Policy& policy) {
    std::string text =
        "apiVersion: tollgate/v1\nkind: Policy\nmetadata: {name: bench}\nspec:\n"
        "  mode: enforce\n  default: {ingress: drop, egress: drop}\n  allow:\n";
    for (const policy::Rule& rule : policy.rules) {
        const unsigned port = rule.services.front().first;
        text += fmt::format(
            "    - {{name: {}, direction: ingress, remote: [{}], ports: [tcp/{}, udp/{}]}}\n",
            rule.name,
            rule.remote.front(),
            port,
            port);
    }
    return text;
}

void read(benchmark::State& state) {
    const auto rules = static_cast<std::size_t>(state.range(0));
    const std::string text = file_of(bench::synthetic_policy(rules));
    for (auto step : state) {
        const auto reading = policy::read_policy(text);
        if (!reading.policy) {
            state.SkipWithError("the policy is refused");
            break;
        }
    }
    state.counters["bytes"] = static_cast<double>(text.size());
}

void compile(benchmark::State& state) {
    const auto rules = static_cast<std::size_t>(state.range(0));
    const policy::Policy policy = bench::synthetic_policy(rules);
    for (auto step : state) {
        auto compiled = policy::compile(policy, now());
        benchmark::DoNotOptimize(compiled);
    }
}

}  // namespace

BENCHMARK(read)->Arg(10)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond);
BENCHMARK(compile)->Arg(10)->Arg(1000)->Arg(10000)->Unit(benchmark::kMillisecond);
BENCHMARK_MAIN();
