// SPDX-License-Identifier: MIT
/// tunnel_flood INTERFACE ADDRESS PORT SECONDS KPPS KIND KEY
///
/// Sends WireGuard messages with random sources out of a veth, at a rate. KIND: junk, bad-mac1,
/// mac1, index. KEY: the public key of the tunnel, base64. Prints {"frames": N, "seconds": T,
/// "cpu_seconds": T}.
#include "bench/tunnel_flood.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <net/if.h>

#include <tollgate/abi/wireguard.h>

#include "bench/frame.hpp"
#include "bench/live_frames.hpp"
#include "crypto/blake2s.hpp"
#include "crypto/cookie.hpp"
#include "tunnel_flood.skel.h"

namespace {

using namespace tollgate;
using Clock = std::chrono::steady_clock;
using Frame = std::vector<std::uint8_t>;

constexpr std::array<std::string_view, 4> kKinds{"junk", "bad-mac1", "mac1", "index"};

struct Wish {
    unsigned interface = 0;
    std::uint32_t kind = 0;
    in_addr address{};
    std::uint16_t port = 0;
    unsigned seconds = 0;
    std::uint32_t kpps = 0;
    std::optional<crypto::PublicKey> key;
};

template <typename Number>
Number number(std::string_view text) {
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

std::optional<Wish> read(std::span<const std::string> arguments) {
    constexpr std::size_t kArguments = 7;
    if (arguments.size() != kArguments) {
        return {};
    }
    Wish wish;
    wish.interface = if_nametoindex(arguments[0].c_str());
    wish.port = number<std::uint16_t>(arguments[2]);
    wish.seconds = number<unsigned>(arguments[3]);
    wish.kpps = number<std::uint32_t>(arguments[4]);
    wish.key = crypto::PublicKey::parse_base64(arguments[6]);
    while (wish.kind < kKinds.size() && kKinds.at(wish.kind) != arguments[5]) {
        ++wish.kind;
    }
    const bool good = wish.interface != 0 && wish.kpps != 0 && wish.key &&
                      wish.kind < kKinds.size() &&
                      inet_pton(AF_INET, arguments[1].c_str(), &wish.address) == 1;
    return good ? std::optional{wish} : std::nullopt;
}

void fill_pool(std::span<flood_initiation> pool, const crypto::PublicKey& owner) {
    const crypto::MacKeys keys{owner};
    std::mt19937_64 random{std::random_device{}()};
    for (flood_initiation& ready : pool) {
        tg_wg_initiation message{};
        message.type = htole32(TG_WG_INITIATION);
        ready.ephemeral = random();
        std::memcpy(message.ephemeral, &ready.ephemeral, sizeof ready.ephemeral);
        const auto covered =
            std::as_bytes(std::span{&message, 1}).first(offsetof(tg_wg_initiation, mac1));
        const crypto::Mac mac1 = crypto::mac(keys.mac1, covered);
        std::memcpy(ready.mac1, mac1.data(), sizeof ready.mac1);
    }
}

int send(int program, const Wish& wish) {
    constexpr std::array<std::byte, sizeof(tg_wg_initiation)> kZeros{};
    Frame frame = bench::udp_frame({0, ntohl(wish.address.s_addr), 0, wish.port}, kZeros);
    bench::LiveFrames generator{program, wish.interface, frame};
    const auto started = Clock::now();
    const auto sent = generator.send(
        {.per_second = wish.kpps * 1000.0, .lasts = std::chrono::seconds{wish.seconds}});
    if (!sent) {
        return EXIT_FAILURE;
    }
    const std::chrono::duration<double> elapsed = Clock::now() - started;
    std::printf("{\"frames\": %.0f, \"seconds\": %.3f, \"cpu_seconds\": %.3f}\n",
                *sent,
                elapsed.count(),
                bench::cpu_seconds());
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    const auto wish = read(arguments);
    if (!wish) {
        std::fputs("usage: tunnel_flood INTERFACE ADDRESS PORT SECONDS KPPS KIND KEY\n", stderr);
        return EXIT_FAILURE;
    }
    tunnel_flood* skeleton = tunnel_flood::open();
    if (skeleton == nullptr) {
        std::perror("tunnel_flood: open");
        return EXIT_FAILURE;
    }
    skeleton->rodata->kind = wish->kind;
    fill_pool(skeleton->bss->pool, *wish->key);
    skeleton->data->random_state = std::random_device{}() | 1U;
    int status = EXIT_FAILURE;
    if (tunnel_flood::load(skeleton) == 0) {
        status = send(bpf_program__fd(skeleton->progs.tunnel_flood), *wish);
    } else {
        std::perror("tunnel_flood: load");
    }
    tunnel_flood::destroy(skeleton);
    return status;
}
