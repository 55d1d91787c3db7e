// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/confined_tunnel.hpp"

#include <cerrno>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <sys/resource.h>

#include "agent/confine/confinement.hpp"
#include "agent/datapath/loaded_tunnel_gate.hpp"
#include "agent/datapath/tunnel_queue.hpp"
#include "agent/report/log.hpp"
#include "agent/system/child_process.hpp"
#include "agent/system/clock.hpp"
#include "agent/system/startup_memory.hpp"
#include "agent/tunnel/tunnel.hpp"
#include "agent/tunnel_process/broker_client.hpp"
#include "agent/tunnel_process/channel.hpp"
#include "agent/tunnel_process/tunnel_messages.hpp"
#include "agent/tunnel_process/tunnel_server.hpp"

namespace tollgate::agent::tunnel_process {

namespace {

// Measured: 1.2 GiB with 16 threads and 10,000 peers, most of it addresses that malloc(3) keeps for
// each thread. 32-bit machines have less than this anyway.
std::optional<std::uint64_t> memory_limit() {
    constexpr std::uint64_t kMost = std::uint64_t{8} << 30U;
    return std::numeric_limits<std::size_t>::max() > kMost ? std::optional{kMost} : std::nullopt;
}

// Far more than sockets, queues and maps; wg(8) is one for each that talks.
constexpr std::uint64_t kDescriptorsMax = 4096;

/// What the process has while its tunnel runs.
class DataProcess {
  public:
    explicit DataProcess(std::function<void(const std::string&)> when_confined)
        : when_confined_{std::move(when_confined)} {}

    [[nodiscard]] Result<void> run() {
        auto order = control_.receive();
        if (!order) {
            return Failure{order.error()};
        }
        StartReport report;
        const auto started = start(std::move(*order));
        report.error = SentError::of(started);
        if (started) {
            const auto choices = tunnel_->choices();
            report.threads = choices.threads;
            report.backend = choices.backend;
            report.cipher = choices.cipher;
            report.confinement = confinement_;
        }
        auto sent = control_.send(static_cast<std::uint32_t>(TunnelCall::start), encode(report));
        if (!started || !sent) {
            return sent;  // the agent knows why
        }
        give_back_startup_memory();
        return TunnelServer{control_, *tunnel_, board_, startup_memory_}.serve();
    }

  private:
    [[nodiscard]] Result<void> start(Message message) {
        StartOrder order;
        if (message.kind != static_cast<std::uint32_t>(TunnelCall::start) ||
            !decode(message.body, order)) {
            return failure(EPROTO, "read how to start a tunnel");
        }
        if (order.is_debug) {
            set_log_level(LogLevel::debug);
        }
        auto gate = open_gate(order, std::move(message.descriptors));
        if (!gate) {
            return Failure{gate.error()};
        }
        auto started = Tunnel::start(options_of(order), clock_, std::move(*gate));
        if (!started) {
            return Failure{started.error()};
        }
        tunnel_ = std::move(*started);
        if (when_confined_) {
            when_confined_(order.name);
        }
        return {};
    }

    [[nodiscard]] Result<std::unique_ptr<TunnelGate>> open_gate(
        const StartOrder& order,
        std::vector<FileDescriptor> descriptors) {
        if (!order.has_gate) {
            return nullptr;
        }
        maps_ = std::move(descriptors);
        std::vector<int> numbers;
        for (const FileDescriptor& map : maps_) {
            numbers.push_back(map.get());
        }
        auto maps = TunnelMapSet::of(numbers);
        if (!maps) {
            return Failure{maps.error()};
        }
        board_->set(order.interfaces);
        return LoadedTunnelGate::open({*std::move(maps),
                                       std::make_unique<BrokeredSeat>(broker_, order.number),
                                       order.zone,
                                       board_,
                                       nullptr})
            .map([](auto gate) { return std::unique_ptr<TunnelGate>{std::move(gate)}; });
    }

    [[nodiscard]] TunnelOptions options_of(const StartOrder& order) {
        TunnelOptions options;
        options.name = order.name;
        options.mtu = order.mtu;
        options.aead = order.aead;
        options.backend = order.backend;
        options.threads = order.threads;
        options.uapi_dir = order.uapi_dir;
        options.state_dir = order.state_dir;
        if (order.has_gate) {
            options.make_steering = [] {
                return open_queue_steering();
            };
        }
        options.before_up = [this](const std::string&) {
            return broker_.attach();
        };
        options.changed_by_wg = [this](const std::string&, int error) {
            broker_.changed_by_wg(error);
        };
        options.store_time = [this](const crypto::Tai64n& time) {
            return broker_.store_time(time);
        };
        options.before_threads = [this] {
            return give_up_rights();
        };
        return options;
    }

    // Keys and the rings of AF_XDP are locked memory.
    [[nodiscard]] Result<void> give_up_rights() {
        const rlimit no_limit{RLIM_INFINITY, RLIM_INFINITY};
        static_cast<void>(::setrlimit(RLIMIT_MEMLOCK, &no_limit));
        const auto privileged_maps = are_map_entries_privileged();
        if (!privileged_maps) {
            return Failure{privileged_maps.error()};
        }
        const Confinement wanted{.profile = SyscallProfile::data,
                                 .descriptors = {},
                                 .limits = {.memory_bytes = memory_limit(),
                                            .cpu_seconds = {},
                                            .open_files = kDescriptorsMax,
                                            .file_bytes = {}},
                                 .keeps_descriptors = true,
                                 .kept = *privileged_maps ? Kept::bpf : Kept::none};
        const auto confined = confine(wanted);
        if (!confined) {
            return Failure{confined.error()};
        }
        confinement_ = describe(wanted, *confined);
        privileged::use(&broker_);
        return {};
    }

    std::function<void(const std::string&)> when_confined_;
    SystemClock clock_;
    StartupMemory startup_memory_{clock_};
    Channel control_{ChildProcess::kChannel};
    BrokerClient broker_{FileDescriptor{kBrokerDescriptor}};
    std::shared_ptr<InterfaceBoard> board_ = std::make_shared<InterfaceBoard>();
    std::vector<FileDescriptor> maps_;
    std::string confinement_;
    std::unique_ptr<Tunnel> tunnel_;
};

}  // namespace

int run(const std::function<void(const std::string&)>& when_confined) {
    auto ended = begin_child();
    if (ended) {
        ended = DataProcess{when_confined}.run();
    }
    if (!ended) {
        log(LogLevel::error, "tunnel.process_failed", {{"error", ended.error().message()}});
        return 1;
    }
    return 0;
}

}  // namespace tollgate::agent::tunnel_process
