// SPDX-License-Identifier: MIT
/// What a policy change costs in user space: reading the file, compiling it.
#include <chrono>

#include <benchmark/benchmark.h>

#include "bench/synthetic_policy.hpp"
#include "policy/compile.hpp"
#include "policy/yaml_reader.hpp"
#include "policy/yaml_text.hpp"

namespace {

using namespace tollgate;

policy::WallTime now() {
    return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

void read(benchmark::State& state) {
    const auto rules = static_cast<std::size_t>(state.range(0));
    const std::string text = policy::to_yaml(bench::synthetic_policy(rules));
    for (auto step : state) {
        auto read = policy::read_policy(text, "bench");
        benchmark::DoNotOptimize(read);
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
