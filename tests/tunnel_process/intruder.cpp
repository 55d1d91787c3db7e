// SPDX-License-Identifier: MIT
#include "tests/tunnel_process/intruder.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/landlock.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "agent/system/file_descriptor.hpp"
#include "agent/tunnel/udp_message.hpp"
#include "agent/tunnel_process/broker_client.hpp"
#include "agent/tunnel_process/broker_messages.hpp"
#include "agent/tunnel_process/confined_tunnel.hpp"

namespace tollgate::test {

namespace {

constexpr int kDescriptorsTried = 64;

long bpf(int command, bpf_attr attributes) {
    return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

// Whichever of its descriptors is a map.
long freeze_maps() {
    long done = -1;
    for (int descriptor = 0; descriptor < kDescriptorsTried; ++descriptor) {
        bpf_attr attributes{};
        attributes.map_fd = static_cast<__u32>(descriptor);
        done = bpf(BPF_MAP_FREEZE, attributes) == 0 ? 0 : done;
    }
    return done;
}

long load_program() {
    std::array<bpf_insn, 2> program{};  // return 0
    program[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    program[1].code = BPF_JMP | BPF_EXIT;
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
    attributes.insn_cnt = program.size();
    attributes.insns = reinterpret_cast<std::uintptr_t>(program.data());
    attributes.license = reinterpret_cast<std::uintptr_t>("GPL");
    return bpf(BPF_PROG_LOAD, attributes);
}

long create_map() {
    bpf_attr attributes{};
    attributes.map_type = BPF_MAP_TYPE_ARRAY;
    attributes.key_size = attributes.value_size = sizeof(int);
    attributes.max_entries = 1;
    return bpf(BPF_MAP_CREATE, attributes);
}

long read_agent() {
    std::array<char, 8> bytes{};
    iovec here{bytes.data(), bytes.size()};
    iovec there{bytes.data(), bytes.size()};
    return ::process_vm_readv(::getppid(), &here, 1, &there, 1, 0);
}

long ask_broker(const agent::tunnel_process::BrokerRequest& request) {
    agent::tunnel_process::BrokerReply reply;
    const int broker = agent::tunnel_process::kBrokerDescriptor;
    if (::send(broker, &request, sizeof request, 0) != sizeof request ||
        ::recv(broker, &reply, sizeof reply, 0) != sizeof reply) {
        errno = EPROTO;
        return -1;
    }
    errno = reply.error;
    return reply.result;
}

// What the broker refuses: it does not open such sockets for anybody.
long ask_for(int domain, int type) {
    return ask_broker(
        {.call = agent::tunnel_process::BrokerCall::socket, .numbers = {domain, type, 0}});
}

// The gate is at the interface already. Another time would take it away in between.
long attach_again() {
    return ask_broker({.call = agent::tunnel_process::BrokerCall::attach});
}

// As root's, the sockets that the broker opens could join any group of root's.
int udp_socket() {
    static agent::tunnel_process::BrokerClient broker{
        agent::FileDescriptor{agent::tunnel_process::kBrokerDescriptor}};
    return broker.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

long set_on_socket(int option) {
    const int yes = 1;
    return ::setsockopt(udp_socket(), SOL_SOCKET, option, &yes, sizeof yes);
}

long bind_past_the_broker() {
    agent::SocketAddress any;
    any.set_any(AF_INET, 51820);
    return ::bind(udp_socket(), any.get(), any.size());
}

constexpr std::array kAttempts{
    Attempt{"open",
            [] {
                return long{::open("/etc/shadow", O_RDONLY | O_CLOEXEC)};
            }},
    Attempt{"open_kmem",
            [] {
                return long{::open("/proc/1/mem", O_RDWR | O_CLOEXEC)};
            }},
    Attempt{"write_file",
            [] {
                return long{::creat("/tmp/intruder", S_IRUSR)};
            }},
    Attempt{"execve",
            [] {
                return long{::execl("/bin/sh", "sh", "-c", "true", nullptr)};
            }},
    Attempt{"fork",
            [] {
                return long{::fork()};
            }},
    Attempt{"socket_inet",
            [] {
                return long{::socket(AF_INET, SOCK_STREAM, 0)};
            }},
    Attempt{"socket_packet",
            [] {
                return long{::socket(AF_PACKET, SOCK_RAW, 0)};
            }},
    Attempt{"ask_packet",
            [] {
                return ask_for(AF_PACKET, SOCK_RAW);
            }},
    Attempt{"ask_tcp",
            [] {
                return ask_for(AF_INET, SOCK_STREAM);
            }},
    Attempt{"ask_xdp",
            [] {
                return ask_for(AF_XDP, SOCK_RAW);
            }},
    Attempt{"reuse_port",
            [] {
                return set_on_socket(SO_REUSEPORT);
            }},
    Attempt{"reuse_address",
            [] {
                return set_on_socket(SO_REUSEADDR);
            }},
    Attempt{"bind", bind_past_the_broker},
    Attempt{"attach_again", attach_again},
    Attempt{"prog_load", load_program},
    Attempt{"map_create", create_map},
    Attempt{"map_freeze", freeze_maps},
    Attempt{"vm_readv", read_agent},
    Attempt{"ptrace",
            [] {
                return ::ptrace(PTRACE_ATTACH, ::getppid(), nullptr, nullptr);
            }},
    Attempt{"kill",
            [] {
                return long{::kill(::getppid(), SIGKILL)};
            }},
    Attempt{"setns",
            [] {
                return long{::setns(0, CLONE_NEWNET)};
            }},
    Attempt{"setuid",
            [] {
                return long{::syscall(SYS_setuid, 0)};
            }},
    Attempt{"code", [] {
                const void* const made = ::mmap(nullptr,
                                                4096,
                                                PROT_READ | PROT_WRITE | PROT_EXEC,
                                                MAP_PRIVATE | MAP_ANONYMOUS,
                                                -1,
                                                0);
                return made == MAP_FAILED ? -1L : 0L;  // NOLINT(*-cast*,*-int-to-ptr)
            }}};

}  // namespace

std::span<const Attempt> attempts() {
    return kAttempts;
}

void intrude(const std::string& tunnel) {
    for (const Attempt& attempt : kAttempts) {
        if (tunnel == attempt.name) {
            ::_exit(attempt.make() < 0 ? errno : kSucceeded);
        }
    }
}

}  // namespace tollgate::test
