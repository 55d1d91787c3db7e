// SPDX-License-Identifier: MIT
/// program_time PIN-FOLDER INTERFACE RULES BLOCKLIST FLOWS
///
/// How long the loaded program takes for one packet, by BPF_PROG_TEST_RUN: a policy of RULES rules,
/// a block list, FLOWS established flows. Prints nanoseconds per class of packet. Caches are warm
/// and there is no driver: what the gate adds to a packet, no more.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <span>
#include <string>
#include <vector>

#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <fmt/core.h>

#include "agent/datapath/gate.hpp"
#include "bench/frame.hpp"
#include "bench/synthetic_policy.hpp"
#include "policy/compile.hpp"

namespace {

using namespace tollgate;

constexpr std::uint32_t kGeneration = 1;
constexpr int kRuns = 9;
constexpr std::uint32_t kRepeat = 200000;
constexpr in_addr_t kLocal = 0x0a630002;   // 10.99.0.2, the lab's target
constexpr in_addr_t kRemote = 0x0c000000;  // 12.0.0.0: flow i has the remote kRemote + i
constexpr std::uint16_t kRemotePort = 40000;
constexpr std::uint16_t kFlowPort = 50123;  // the local port of the flows; no rule opens it

std::uint64_t boot_time_ns() {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return static_cast<std::uint64_t>(time.tv_sec) * TG_SECOND +
           static_cast<std::uint64_t>(time.tv_nsec);
}

void set_ipv4(std::span<std::uint8_t, 16> bytes, in_addr_t address) {
    bytes[10] = bytes[11] = 0xff;
    for (unsigned i = 0; i < 4; ++i) {
        bytes[12 + i] = static_cast<std::uint8_t>(address >> (24 - 8 * i));
    }
}

Result<void> establish(agent::Gate& gate, std::uint32_t flows) {
    tg_flow flow{};
    flow.first_seen_ns = flow.last_seen_ns = boot_time_ns();
    flow.generation = kGeneration;
    flow.flags = TG_FLOW_LOCAL_INITIATED | TG_FLOW_ANSWERED | TG_FLOW_ESTABLISHED;
    for (std::uint32_t i = 0; i < flows; ++i) {
        tg_flow_key key{};
        set_ipv4(key.remote, kRemote + i);
        set_ipv4(key.local, kLocal);
        key.remote_port = htons(kRemotePort);
        key.local_port = htons(kFlowPort);
        key.protocol = IPPROTO_UDP;
        if (auto seeded = gate.seed_flow(key, flow); !seeded) {
            return seeded;
        }
    }
    return {};
}

/// The XDP program of an interface; the caller closes it.
int attached_program(const std::string& interface) {
    std::uint32_t id = 0;
    const auto index = static_cast<int>(if_nametoindex(interface.c_str()));
    return bpf_xdp_query_id(index, 0, &id) == 0 ? bpf_prog_get_fd_by_id(id) : -1;
}

struct Measured {
    std::uint32_t action = 0;
    std::vector<std::uint32_t> nanoseconds;
};

Measured measure(int program, const bench::Frame& frame) {
    Measured measured;
    bench::Frame data = frame;
    for (int i = 0; i < kRuns; ++i) {
        bpf_test_run_opts run{};
        run.sz = sizeof run;
        run.data_in = data.data();
        run.data_size_in = static_cast<std::uint32_t>(data.size());
        run.repeat = static_cast<int>(kRepeat);
        if (bpf_prog_test_run_opts(program, &run) != 0) {
            break;
        }
        measured.action = run.retval;
        measured.nanoseconds.push_back(run.duration);
    }
    std::sort(measured.nanoseconds.begin(), measured.nanoseconds.end());
    return measured;
}

struct Case {
    const char* name;
    std::uint32_t expected;  // XDP action: a figure for the wrong verdict is worth nothing
    in_addr_t remote;
    std::uint16_t local_port;
};

bool report(int program, std::uint32_t flows) {
    const std::array cases{
        Case{"established flow", XDP_PASS, kRemote + flows / 2, kFlowPort},
        Case{"closed port", XDP_DROP, kRemote - 1, bench::kClosedPort},
        Case{"port of a flow, another source", XDP_DROP, kRemote - 1, kFlowPort},
        Case{"open port, no rule for the source", XDP_DROP, kRemote - 1, bench::kOpenPort},
    };
    fmt::print("{{");
    bool good = true;
    for (const Case& test : cases) {
        const Measured measured =
            measure(program, bench::udp_frame({test.remote, kLocal, kRemotePort, test.local_port}));
        good = good && measured.action == test.expected && !measured.nanoseconds.empty();
        fmt::print("{}\"{}\": {{\"median\": {}, \"least\": {}}}",
                   &test == cases.data() ? "" : ", ",
                   test.name,
                   measured.nanoseconds.empty() ? 0 : measured.nanoseconds[kRuns / 2],
                   measured.nanoseconds.empty() ? 0 : measured.nanoseconds.front());
    }
    fmt::print("}}\n");
    return good;
}

Result<bool> run(const std::vector<std::string>& arguments) {
    const auto flows = static_cast<std::uint32_t>(std::stoul(arguments[4]));
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto compiled = policy::compile(bench::synthetic_policy(std::stoul(arguments[2])), now);
    if (!compiled) {
        return Failure{compiled.error()};
    }
    auto gate = agent::Gate::open({.pin_dir = arguments[0]});
    if (!gate) {
        return Failure{gate.error()};
    }
    const auto switched = (*gate)->switch_to({.policy = &*compiled, .number = kGeneration});
    if (!switched) {
        return Failure{switched.error()};
    }
    if (const auto attached = (*gate)->attach(arguments[1], 0); !attached) {
        return Failure{attached.error()};
    }
    const auto blocklist = bench::synthetic_blocklist(std::stoul(arguments[3]));
    if (auto added = (*gate)->blocklist_add(blocklist); !added) {
        return Failure{added.error()};
    }
    if (auto seeded = establish(**gate, flows); !seeded) {
        return Failure{seeded.error()};
    }
    const int program = attached_program(arguments[1]);
    const bool good = report(program, flows);
    close(program);
    return good;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    constexpr std::size_t kArguments = 5;
    if (arguments.size() != kArguments) {
        std::fputs("usage: program_time PIN-FOLDER INTERFACE RULES BLOCKLIST FLOWS\n", stderr);
        return EXIT_FAILURE;
    }
    const auto good = run(arguments);
    if (!good) {
        fmt::print(stderr, "program_time: {}\n", good.error().message());
        return EXIT_FAILURE;
    }
    if (!*good) {
        std::fputs("program_time: a packet met another verdict than the case is about\n", stderr);
    }
    return *good ? EXIT_SUCCESS : EXIT_FAILURE;
}
