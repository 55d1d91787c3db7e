// SPDX-License-Identifier: MIT
/// tunnel_stages INTERFACE PRIVATE-KEY-FILE PEER-KEY PEER-ENDPOINT
///
/// A tunnel of one peer on port 51820, over UDP, that takes the time of its stages. When it is
/// terminated: {"fromHost": PACKETS, "toHost": PACKETS, "ns": {STAGE: NANOSECONDS}}, of CPU time
/// of its only thread; "all" is all of it.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <poll.h>

#include <fmt/format.h>

#include "agent/system/clock.hpp"
#include "agent/tunnel/aead_choice.hpp"
#include "agent/tunnel/device.hpp"
#include "agent/tunnel/key_file.hpp"
#include "agent/tunnel/tun_port.hpp"
#include "agent/tunnel/udp_link.hpp"

namespace {

using namespace tollgate;
using std::chrono::nanoseconds;

constexpr std::uint16_t kPort = 51820;
constexpr std::chrono::milliseconds kWaitMax{1000};

volatile std::sig_atomic_t stop = 0;  // NOLINT: a signal can reach nothing else

nanoseconds cpu_time() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds{now.tv_sec} + nanoseconds{now.tv_nsec};
}

struct Stages {
    nanoseconds read_host{0};
    nanoseconds seal{0};
    nanoseconds send{0};
    nanoseconds receive{0};
    nanoseconds open{0};
    nanoseconds write_host{0};
    std::uint64_t from_host = 0;
    std::uint64_t to_host = 0;
};

/// Adds the time until the end of the block.
class Timed {
  public:
    explicit Timed(nanoseconds& sum) : sum_{sum}, begin_{cpu_time()} {}
    ~Timed() { sum_ += cpu_time() - begin_; }
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;

  private:
    nanoseconds& sum_;
    nanoseconds begin_;
};

class TimedPort : public agent::Port {
  public:
    TimedPort(std::unique_ptr<agent::Port> port, Stages& stages)
        : port_{std::move(port)}, stages_{stages} {}
    [[nodiscard]] int descriptor() const override { return port_->descriptor(); }
    [[nodiscard]] std::optional<agent::HostPacket> receive() override {
        const Timed timed{stages_.read_host};
        auto packet = port_->receive();
        stages_.from_host += packet ? packet->count() : 0;
        return packet;
    }
    void send(std::span<const crypto::MutableBytes> packets) override {
        const Timed timed{stages_.write_host};
        stages_.to_host += packets.size();
        port_->send(packets);
    }
    [[nodiscard]] std::size_t mtu() const override { return port_->mtu(); }

  private:
    std::unique_ptr<agent::Port> port_;
    Stages& stages_;
};

class TimedLink : public agent::Link {
  public:
    TimedLink(std::unique_ptr<agent::Link> link, Stages& stages)
        : link_{std::move(link)}, stages_{stages} {}
    [[nodiscard]] std::string_view name() const override { return link_->name(); }
    [[nodiscard]] std::string reason() const override { return link_->reason(); }
    [[nodiscard]] agent::LinkCounters counters() const override { return link_->counters(); }
    [[nodiscard]] std::uint16_t port() const override { return link_->port(); }
    [[nodiscard]] Result<void> listen(std::uint16_t port) override { return link_->listen(port); }
    [[nodiscard]] std::vector<int> descriptors() const override { return link_->descriptors(); }
    [[nodiscard]] std::span<agent::Arrival> receive(int descriptor) override {
        const Timed timed{stages_.receive};
        return link_->receive(descriptor);
    }
    void begin(const agent::Endpoint& to, std::uint8_t traffic_class) override {
        link_->begin(to, traffic_class);
    }
    [[nodiscard]] crypto::MutableBytes reserve(std::size_t size) override {
        return link_->reserve(size);
    }
    bool commit() override {
        const Timed timed{stages_.send};
        return link_->commit();
    }
    void abandon() override { link_->abandon(); }
    bool send(const agent::Endpoint& to,
              crypto::Bytes bytes,
              std::size_t segment,
              std::uint8_t traffic_class) override {
        return link_->send(to, bytes, segment, traffic_class);
    }
    [[nodiscard]] Result<void> set_mark(std::uint32_t mark) override {
        return link_->set_mark(mark);
    }

  private:
    std::unique_ptr<agent::Link> link_;
    Stages& stages_;
};

class TimedAead : public crypto::Aead {
  public:
    TimedAead(std::unique_ptr<crypto::Aead> aead, Stages& stages)
        : aead_{std::move(aead)}, stages_{stages} {}
    [[nodiscard]] std::string_view name() const override { return aead_->name(); }
    void seal(const crypto::SymmetricKey& key,
              std::span<crypto::AeadMessage> messages) noexcept override {
        const Timed timed{stages_.seal};
        aead_->seal(key, messages);
    }
    void open(const crypto::SymmetricKey& key,
              std::span<crypto::AeadMessage> messages) noexcept override {
        const Timed timed{stages_.open};
        aead_->open(key, messages);
    }

  private:
    std::unique_ptr<crypto::Aead> aead_;
    Stages& stages_;
};

agent::Now now() {
    const agent::SystemClock clock;
    return {crypto::Instant{clock.boot_ns()},
            std::chrono::sys_time<nanoseconds>{nanoseconds{clock.wall_ns()}}};
}

/// The device of the command line; null: a word of it makes no sense, or the kernel refuses.
std::unique_ptr<agent::Device> open_device(const std::vector<std::string>& words, Stages& stages) {
    auto port = agent::TunPort::open({.name = words[0]});
    auto link = agent::UdpLink::open({.port = kPort});
    auto aead = agent::choose_aead("auto");
    auto key = agent::read_key_file(words[1]);
    const auto peer_key = crypto::PublicKey::parse_base64(words[2]);
    const auto endpoint = agent::Endpoint::parse(words[3]);
    if (!port || !link || !aead || !key || !peer_key || !endpoint) {
        return nullptr;
    }
    agent::Device::Parts parts;
    parts.workers.push_back({std::make_unique<TimedLink>(*std::move(link), stages),
                             std::make_unique<TimedPort>(*std::move(port), stages),
                             std::make_unique<TimedAead>(std::move(aead->aead), stages)});
    parts.next_timestamp = [](auto wall) {
        return crypto::Tai64n::from(wall);
    };
    auto device = std::make_unique<agent::Device>(std::move(parts));
    agent::DeviceChange change;
    change.private_key = std::move(*key);
    agent::PeerChange& peer = change.peers.emplace_back();
    peer.public_key = *peer_key;
    peer.endpoint = *endpoint;
    peer.allowed_ips.push_back({*agent::parse_allowed_ip("0.0.0.0/0"), false});
    return device->apply(change, now()) == 0 ? std::move(device) : nullptr;
}

void run(agent::Device& device) {
    std::vector<pollfd> ready{{device.worker().port_descriptor(), POLLIN, 0}};
    for (const int descriptor : device.worker().link_descriptors()) {
        ready.push_back({descriptor, POLLIN, 0});
    }
    while (stop == 0) {
        const agent::Now before = now();
        const auto wait = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(
                                         device.worker().work(before) - before.boot),
                                     std::chrono::milliseconds{0},
                                     kWaitMax);
        poll(ready.data(), ready.size(), static_cast<int>(wait.count()));
        for (const pollfd& one : ready) {
            if ((one.revents & POLLIN) == 0) {
                continue;
            }
            if (one.fd == device.worker().port_descriptor()) {
                device.worker().port_is_readable(now());
            } else {
                device.worker().link_is_readable(one.fd, now());
            }
        }
    }
}

void print(const Stages& stages, nanoseconds all) {
    const std::array<std::pair<const char*, nanoseconds>, 7> times{{
        {"read from the host", stages.read_host},
        {"seal", stages.seal},
        {"send", stages.send},
        {"receive", stages.receive},
        {"open", stages.open},
        {"write to the host", stages.write_host},
        {"all", all},
    }};
    std::string text;
    for (const auto& [stage, time] : times) {
        text += fmt::format(R"({}"{}": {})", text.empty() ? "" : ", ", stage, time.count());
    }
    fmt::print("{{\"fromHost\": {}, \"toHost\": {}, \"ns\": {{{}}}}}\n",
               stages.from_host,
               stages.to_host,
               text);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    constexpr std::size_t kWords = 4;
    Stages stages;
    const auto device = words.size() == kWords ? open_device(words, stages) : nullptr;
    if (!device) {
        fmt::print(stderr,
                   "usage: tunnel_stages INTERFACE PRIVATE-KEY-FILE PEER-KEY PEER-ENDPOINT\n");
        return EXIT_FAILURE;
    }
    struct sigaction action {};
    action.sa_handler = [](int) {
        stop = 1;
    };
    sigaction(SIGTERM, &action, nullptr);
    const nanoseconds begin = cpu_time();
    run(*device);
    print(stages, cpu_time() - begin);
    return EXIT_SUCCESS;
}
