// SPDX-License-Identifier: MIT
/// tunnel_time PIN-FOLDER INTERFACE
///
/// How long the gate takes for one datagram to a tunnel, by BPF_PROG_TEST_RUN: nanoseconds per
/// class of message. Caches are warm and there is no driver: what the gate adds to a packet, no
/// more.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <endian.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <fmt/core.h>

#include "agent/datapath/gate.hpp"
#include "agent/system/file_descriptor.hpp"
#include "bench/frame.hpp"
#include "crypto/cookie.hpp"
#include "crypto/random.hpp"
#include "policy/compile.hpp"

namespace {

using namespace tollgate;
using Bytes = std::vector<std::byte>;

constexpr std::uint16_t kPort = 51820;
constexpr in_addr_t kLocal = 0xc633'6407;  // 198.51.100.7
constexpr in_addr_t kPeer = 0xc000'0201;   // 192.0.2.1
constexpr std::uint16_t kPeerPort = 51821;
constexpr std::uint32_t kIndex = 0x12345678;
constexpr int kRuns = 301;
constexpr int kRepeat = 1000;  // MACs may take so much time at once

struct Case {
    const char* name;
    Bytes message;
    std::uint32_t
        expected;  // XDP action of the last of many: a wrong verdict's figure is worth nothing
    std::uint16_t port = kPort;
};

template <typename Message>
Bytes bytes_of(const Message& message) {
    const auto bytes = std::as_bytes(std::span{&message, 1});
    return {bytes.begin(), bytes.end()};
}

Bytes data(std::uint32_t index) {
    Bytes message = bytes_of(tg_wg_data{htole32(TG_WG_DATA), htole32(index), 0});
    message.resize(1452);
    return message;
}

tg_wg_initiation initiation(const crypto::PublicKey& key) {
    tg_wg_initiation message{};
    message.type = htole32(TG_WG_INITIATION);
    crypto::fill_random(std::as_writable_bytes(std::span{message.ephemeral}));
    crypto::CookieJar{key}.seal(std::as_writable_bytes(std::span{&message, 1}), {});
    return message;
}

std::vector<Case> cases(const crypto::PublicKey& key) {
    tg_wg_initiation bad = initiation(key);
    bad.mac1[0] ^= 1U;
    return {
        {"port of nobody", Bytes(148), XDP_DROP, 9},
        {"junk", Bytes(148), XDP_DROP},
        {"unknown index", data(kIndex + 1), XDP_DROP},
        {"transport data of a peer", data(kIndex), XDP_PASS},
        {"initiation, bad mac1", bytes_of(bad), XDP_DROP},
        {"initiation, good mac1, replayed", bytes_of(initiation(key)), XDP_DROP},
    };
}

/// When something is due in a tunnel.
class DueMap {
  public:
    DueMap(const std::string& pin_dir, const char* name)
        : map_{bpf_obj_get(fmt::format("{}/v{}/{}", pin_dir, TG_ABI_VERSION, name).c_str())} {}

    [[nodiscard]] bool set(std::uint32_t index, std::uint64_t due) const {
        return bpf_map_update_elem(map_.get(), &index, &due, BPF_ANY) == 0;
    }

  private:
    agent::FileDescriptor map_;
};

constexpr std::uint64_t kNever = UINT64_MAX / 2;

// A mac2 is the worst that a flood can ask for: it is tried with both secrets.
std::vector<Case> cases_under_load(const crypto::PublicKey& key) {
    tg_wg_initiation message = initiation(key);
    const Bytes without_cookie = bytes_of(message);
    message.mac2[0] = 1;
    return {{"under load: nobody's turn", without_cookie, XDP_DROP},
            {"under load: good mac1, bad mac2", bytes_of(message), XDP_DROP}};
}

// @param time  of MACs, given back for each run; null: it is spent
bool measure(int program, const Case& test, const DueMap* time) {
    const auto frame = bench::udp_frame({kPeer, kLocal, kPeerPort, test.port}, test.message);
    std::vector<std::uint32_t> nanoseconds;
    std::uint32_t action = 0;
    for (int i = 0; i < kRuns; ++i) {
        if (time != nullptr && !time->set(TG_MAC_DUE(0, 0), 0)) {
            return false;
        }
        bpf_test_run_opts run{};
        run.sz = sizeof run;
        run.data_in = frame.data();
        run.data_size_in = static_cast<std::uint32_t>(frame.size());
        run.repeat = kRepeat;
        if (bpf_prog_test_run_opts(program, &run) != 0) {
            return false;
        }
        action = run.retval;
        nanoseconds.push_back(run.duration);
    }
    std::ranges::sort(nanoseconds);
    fmt::print("{:<36} {:>6} ns, least {:>6} ns\n",
               test.name,
               nanoseconds[kRuns / 2],
               nanoseconds.front());
    return action == test.expected;
}

int attached_program(const std::string& interface) {
    std::uint32_t id = 0;
    const auto index = static_cast<int>(if_nametoindex(interface.c_str()));
    return bpf_xdp_query_id(index, 0, &id) == 0 ? bpf_prog_get_fd_by_id(id) : -1;
}

Result<bool> run(const std::string& pin_dir, const std::string& interface) {
    const auto compiled = policy::compile(policy::Policy{}, {});
    auto gate = agent::Gate::open({.pin_dir = pin_dir});
    if (!compiled || !gate) {
        return Failure{compiled ? gate.error() : compiled.error()};
    }
    if (const auto done = (*gate)->switch_to({.policy = &*compiled, .number = 1}); !done) {
        return Failure{done.error()};
    }
    if (const auto attached = (*gate)->attach(interface, 0); !attached) {
        return Failure{attached.error()};
    }
    const crypto::PublicKey key = public_key_of(crypto::generate_private_key());
    auto tunnel = (*gate)->tunnel_gate(0);
    if (!tunnel) {
        return Failure{tunnel.error()};
    }
    if (const auto listening = (*tunnel)->listen(kPort, key); !listening) {
        return Failure{listening.error()};
    }
    const agent::GateReceiver receiver = (*tunnel)->add(kIndex);
    agent::Endpoint peer;
    peer.address = *IpAddress::parse("192.0.2.1");
    peer.port = kPeerPort;
    receiver.set_endpoint(peer);
    receiver.accept(agent::GateReceiver::kData, crypto::Instant::max());
    const int program = attached_program(interface);
    const DueMap mac_time{pin_dir, "mac_due"};
    bool good = true;
    for (const Case& test : cases(key)) {
        good = measure(program, test, &mac_time) && good;
    }
    good = mac_time.set(TG_MAC_DUE(0, 0), kNever) && good;
    good = measure(program, {"no time for MACs", bytes_of(initiation(key)), XDP_DROP}, nullptr) &&
           good;
    crypto::CookieChecker checker{key};
    (*tunnel)->demand({.cookie = true, .cookies = checker.secrets(crypto::Instant{0})});
    good = DueMap{pin_dir, "cookie_due"}.set(0, kNever) && good;
    for (const Case& test : cases_under_load(key)) {
        good = measure(program, test, &mac_time) && good;
    }
    close(program);
    return good;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: tunnel_time PIN-FOLDER INTERFACE\n", stderr);
        return EXIT_FAILURE;
    }
    const auto good = run(argv[1], argv[2]);
    if (!good) {
        fmt::print(stderr, "tunnel_time: {}\n", good.error().message());
        return EXIT_FAILURE;
    }
    if (!*good) {
        std::fputs("tunnel_time: a message met another verdict than the case is about\n", stderr);
    }
    return *good ? EXIT_SUCCESS : EXIT_FAILURE;
}
