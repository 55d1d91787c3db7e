// SPDX-License-Identifier: MIT
#include "agent/doctor/bpf_call.hpp"

#include <array>
#include <cerrno>

#include <sys/syscall.h>
#include <unistd.h>

namespace tollgate::agent {

long bpf_call(bpf_cmd command, bpf_attr& attributes) {
    return ::syscall(__NR_bpf, command, &attributes, sizeof attributes);
}

Result<FileDescriptor> load_passing_program(bpf_prog_type type) {
    constexpr std::int32_t kXdpPass = 2;  // XDP_PASS
    constexpr std::int32_t kClsPass = 0;  // TC_ACT_OK
    std::array<bpf_insn, 2> code{};
    code[0].code = BPF_ALU64 | BPF_MOV | BPF_K;  // r0 = verdict
    code[0].imm = type == BPF_PROG_TYPE_XDP ? kXdpPass : kClsPass;
    code[1].code = BPF_JMP | BPF_EXIT;
    static constexpr std::array kLicence{'M', 'I', 'T', '\0'};
    bpf_attr attributes{};
    attributes.prog_type = type;
    attributes.insns = bpf_address(code.data());
    attributes.insn_cnt = static_cast<__u32>(code.size());
    attributes.license = bpf_address(kLicence.data());
    FileDescriptor program{static_cast<int>(bpf_call(BPF_PROG_LOAD, attributes))};
    if (!program) {
        return failure(errno, "load a program");
    }
    return program;
}

}  // namespace tollgate::agent
