// SPDX-License-Identifier: MIT
#include "agent/datapath/tracer.hpp"

#include <cerrno>
#include <vector>

#include <linux/bpf.h>
#include <linux/if_ether.h>

#include <bpf/bpf.h>

#include <tollgate/abi/trace.h>

namespace tollgate::agent {

Result<Trace> trace_frame(const GateObject& dry_run,
                          tg_link link,
                          tg_direction direction,
                          std::span<const std::byte> frame) {
    // The kernel takes nothing shorter for a test run.
    if (frame.size() < ETH_HLEN) {
        return failure(EINVAL, "trace a frame shorter than an Ethernet header");
    }
    const tg_trace nothing{};
    if (auto cleared = write_range(dry_run.map("traces"), 0, 1, &nothing); !cleared) {
        return Failure{cleared.error()};
    }
    std::vector<std::byte> output(frame.size() + 256);
    bpf_test_run_opts run{};
    run.sz = sizeof run;
    run.data_in = frame.data();
    run.data_size_in = static_cast<__u32>(frame.size());
    run.data_out = output.data();
    run.data_size_out = static_cast<__u32>(output.size());
    run.repeat = 1;
    const char* const ingress = link == TG_LINK_TUNNEL ? "tc_ingress" : "xdp_gate";
    const int program = dry_run.program(direction == TG_INGRESS ? ingress : "tc_egress");
    if (bpf_prog_test_run_opts(program, &run) != 0) {
        return failure(errno, "run a frame through the gate");
    }
    tg_trace met{};
    if (auto read = read_range(dry_run.map("traces"), 0, 1, &met); !read) {
        return Failure{read.error()};
    }
    return Trace{.passed = met.passed != 0,
                 .stage = met.stage,
                 .reason = met.reason,
                 .would_drop = met.would_drop != 0,
                 .flow_hit = met.flow_hit != 0,
                 .rule = met.rule,
                 .generation = met.generation,
                 .port_class = met.port_class,
                 .remote_class = met.remote_class};
}

}  // namespace tollgate::agent
