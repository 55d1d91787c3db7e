// SPDX-License-Identifier: MIT
/// How many records a second the flow log takes, from the queue to the lines in files, and how long
/// the agent's loop is held up by a full flow table.
///
///     flow_log FOLDER    where the files go; they are removed
#include "agent/flowlog/flow_log.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <fmt/format.h>

#include <tollgate/abi/limits.h>

#include "agent/flowlog/flow_ledger.hpp"
#include "agent/flowlog/json_file_sink.hpp"

namespace {

using namespace tollgate;
using namespace tollgate::agent;
using SteadyClock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr std::uint64_t kSeconds = 5;
constexpr std::uint64_t kGoal = 50'000;  // records a second

FlowLogRecord connection() {
    FlowLogRecord record;
    policy::FlowRecord& flow = record.flow;
    flow.protocol = IPPROTO_TCP;
    flow.remote = *IpAddress::parse("192.0.2.1");
    flow.local = *IpAddress::parse("192.0.2.10");
    flow.remote_port = 443;
    flow.local_port = 51234;
    flow.link = policy::Link::clear;
    flow.first_seen = flow.last_seen =
        std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
    flow.packets = record.total_packets = {6, 5};
    flow.bytes = record.total_bytes = {4321, 640};
    record.interface = "eth0";
    record.rule = "vendor-ota";
    record.remote_name = "ota.example.com";
    return record;
}

double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto of = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return of(usage.ru_utime) + of(usage.ru_stime);
}

/// Of this thread: what it takes when nobody else wants the CPU.
double thread_seconds() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::uint64_t lines_in(const std::filesystem::path& folder) {
    std::uint64_t lines = 0;
    for (const auto& entry : std::filesystem::directory_iterator{folder}) {
        std::ifstream file{entry.path()};
        lines += static_cast<std::uint64_t>(std::count(
            std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}, '\n'));
    }
    return lines;
}

/// A flow log in a folder of its own, with files as large as by default.
class Log {
  public:
    explicit Log(const std::filesystem::path& folder) : folder_{folder / "flow-log-bench"} {
        std::filesystem::create_directories(folder_);
        std::vector<std::unique_ptr<FlowLogSink>> sinks;
        JsonFileOptions options;
        options.path = folder_ / "flows.jsonl";
        options.rotate_count = 999;
        sinks.push_back(std::make_unique<JsonFileSink>(options));
        log_ = std::make_unique<FlowLog>(std::move(sinks));
    }
    Log(const Log&) = delete;
    Log& operator=(const Log&) = delete;
    ~Log() { std::filesystem::remove_all(folder_); }

    FlowLog& operator*() { return *log_; }
    FlowLog* operator->() { return log_.get(); }

    void report(std::string_view what, SteadyClock::time_point begun, double cpu_before) {
        log_->stop(std::chrono::seconds{10});
        const double seconds = Seconds{SteadyClock::now() - begun}.count();
        const double cpu = cpu_seconds() - cpu_before;
        const FlowLogCounters counters = log_->counters();
        const std::uint64_t written = counters.sinks.at(0).counters.written;
        fmt::print(
            "{}: {} handed, {} written, {} lost, {} lines in files; {:.0f} written a second, "
            "{:.2f} us of CPU time each\n",
            what,
            counters.handed,
            written,
            counters.lost + counters.sinks.at(0).counters.lost,
            lines_in(folder_),
            static_cast<double>(written) / seconds,
            cpu * 1e6 / static_cast<double>(counters.handed));
    }

  private:
    std::filesystem::path folder_;
    std::unique_ptr<FlowLog> log_;
};

/// Hands over `rate` records a second, each millisecond its part.
void hand_over(const std::filesystem::path& folder, std::uint64_t rate) {
    Log log{folder};
    const FlowLogRecord record = connection();
    const double cpu = cpu_seconds();
    const auto begun = SteadyClock::now();
    for (std::uint64_t tick = 0; tick < kSeconds * 1000; ++tick) {
        std::this_thread::sleep_until(begun + std::chrono::milliseconds{tick});
        for (std::uint64_t i = 0; i < rate / 1000; ++i) {
            log->put(record);
        }
    }
    log.report(fmt::format("{} a second for {} s", rate, kSeconds), begun, cpu);
}

/// As many as there is room for.
void hand_over_at_most(const std::filesystem::path& folder) {
    Log log{folder};
    const FlowLogRecord record = connection();
    const double cpu = cpu_seconds();
    const auto begun = SteadyClock::now();
    while (SteadyClock::now() - begun < std::chrono::seconds{kSeconds}) {
        const std::uint64_t waiting = log->counters().waiting;
        for (std::uint64_t room = FlowLog::kRecordsMax - waiting; room > 0; --room) {
            log->put(record);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    log.report(fmt::format("as many as there is room for, {} s", kSeconds), begun, cpu);
}

/// What a look at a full table takes in the agent's loop, without reading the table.
void look(const std::filesystem::path& folder) {
    Log log{folder};
    const FlowLogRecord record = connection();
    FlowLedger ledger{60 * TG_SECOND,
                      {.tell = [&](const FlowLedger::Line& /*line*/) { log->put(record); },
                       .rule_name =
                           [](const tg_flow& /*flow*/) {
                               return std::string{"rule"};
                           }}};
    std::uint64_t now = 1000 * TG_SECOND;
    const auto timed = [&](std::string_view what, std::uint64_t flows, auto change) {
        const double begun = thread_seconds();
        ledger.begin_look(now);
        for (std::uint64_t i = 0; i < flows; ++i) {
            tg_flow_key key{};
            key.protocol = IPPROTO_UDP;
            key.local_port = htons(static_cast<std::uint16_t>(i));
            tg_flow flow{};
            flow.first_seen_ns = TG_SECOND;
            flow.last_seen_ns = now;
            flow.flags = TG_FLOW_ANSWERED;
            change(flow);
            ledger.show(key, flow);
        }
        ledger.end_look(/*whole=*/true);
        fmt::print("look, {}: {:.1f} ms of CPU time\n", what, (thread_seconds() - begun) * 1e3);
        now += 5 * TG_SECOND;
    };
    timed("65536 new flows", 65536, [](tg_flow&) {});
    timed("65536 flows, a twelfth is told", 65536, [](tg_flow& flow) { flow.packets[0] = 5; });
    timed("65536 flows are gone, all are told", 0, [](tg_flow&) {});
    log->stop(std::chrono::seconds{10});
    fmt::print("lost: {}\n", log->counters().lost);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        fmt::print(stderr, "usage: flow_log FOLDER\n");
        return 2;
    }
    const std::filesystem::path folder{argv[1]};
    hand_over(folder, kGoal);
    hand_over_at_most(folder);
    hand_over(folder, 1'000'000);
    look(folder);
    return 0;
}
