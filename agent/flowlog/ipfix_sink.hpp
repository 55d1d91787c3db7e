// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

#include <tollgate/result.hpp>

#include "agent/flowlog/collector_link.hpp"
#include "agent/flowlog/sink.hpp"

namespace tollgate::agent {

/// An IPFIX collector, and how records go to it.
struct IpfixSinkOptions {
    HostPort collector;  ///< needed; the port is 4739 by IANA's list
    CollectorTransport transport = CollectorTransport::udp;  ///< udp or tcp
    /// Of all messages; tells exporters behind one address from each other.
    std::uint32_t observation_domain = 1;
    /// Most bytes of a message, 548 to 65535; over UDP less if the path takes less. 1232 fits the
    /// packets of 1280 bytes that every IPv6 path takes.
    std::size_t message_bytes = 1232;
    /// UDP: how often the templates are sent again, for collectors that have started since; 1 s to
    /// 1 h.
    std::chrono::seconds template_interval{60};
    /// Records that wait while the collector cannot be reached, 1 to 1,000,000; further ones drive
    /// out the oldest.
    std::size_t buffer_records = 16384;
};

/// Makes the sink; connects later. @return what is wrong with the options
[[nodiscard]] Result<std::unique_ptr<FlowLogSink>> make_ipfix_sink(const IpfixSinkOptions& options);

}  // namespace tollgate::agent
