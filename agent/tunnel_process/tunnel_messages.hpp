// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/tunnel/tunnel_gate.hpp"
#include "agent/tunnel/worker_parts.hpp"
#include "agent/tunnel_process/tunnel_fields.hpp"

/// The messages between the agent and the data process of a tunnel. The agent asks, the process
/// answers each question but those that say otherwise with a message of the same kind; what a
/// question and its answer hold is what RunningTunnel takes and returns.
namespace tollgate::agent::tunnel_process {

enum class TunnelCall : std::uint32_t {
    start,  ///< StartOrder; the descriptors are those of TunnelPlace::maps. Answer: StartReport
    apply,
    set_peer_names,
    state,
    contacts,
    status,
    set_up,
    keep_interface,
    counters,
    set_interfaces,  ///< those that the gate protects; the answer is empty
    ping,            ///< nothing, and nothing
};

/// With what a tunnel is started.
struct StartOrder {
    std::string name;
    std::size_t mtu = 0;
    std::string aead;
    std::string backend;
    std::size_t threads = 1;
    std::string uapi_dir;
    std::string state_dir;
    bool is_debug = false;  ///< log everything
    bool has_gate = false;  ///< else what is below says nothing, and there are no descriptors
    std::uint8_t zone = 0;
    std::uint32_t number = 0;
    std::vector<GateInterface> interfaces;
};

/// An Error that can be sent.
struct SentError {
    bool is_error = false;
    bool is_other_kind = false;  ///< TunError::other_kind; else `number` is of errno
    std::int32_t number = 0;
    std::string context;

    [[nodiscard]] static SentError of(const Result<void>& result);
    [[nodiscard]] Result<void> result() const;
};

struct StartReport {
    SentError error;
    std::string threads;  ///< RunningTunnel::Choices
    std::string backend;
    std::string cipher;
    std::string confinement;  ///< for the log
};

template <typename Codec>
void fields(Codec& codec, StartOrder& value) {
    codec(value.name);
    codec(value.mtu);
    codec(value.aead);
    codec(value.backend);
    codec(value.threads);
    codec(value.uapi_dir);
    codec(value.state_dir);
    codec(value.is_debug);
    codec(value.has_gate);
    codec(value.zone);
    codec(value.number);
    codec(value.interfaces);
}

template <typename Codec>
void fields(Codec& codec, SentError& value) {
    codec(value.is_error);
    codec(value.is_other_kind);
    codec(value.number);
    codec(value.context);
}

template <typename Codec>
void fields(Codec& codec, StartReport& value) {
    codec(value.error);
    codec(value.threads);
    codec(value.backend);
    codec(value.cipher);
    codec(value.confinement);
}

}  // namespace tollgate::agent::tunnel_process
