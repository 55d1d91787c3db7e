// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <sys/types.h>

#include <tollgate/result.hpp>

#include "agent/flowlog/collector_link.hpp"
#include "agent/flowlog/sink.hpp"

namespace tollgate::agent {

/// A syslog daemon, and how records go to it.
struct SyslogSinkOptions {
    CollectorTransport transport = CollectorTransport::local;
    std::filesystem::path path = "/dev/log";  ///< local
    HostPort host;                  ///< udp: IANA's port is 514; tcp: 601 or what the daemon has
    std::uint8_t facility = 16;     ///< 0 to 23 (RFC 5424, 6.2.1); 16: local0
    std::string app = "tollgated";  ///< 1 to 48 printable characters without spaces
    /// Records that wait while the daemon cannot be reached, 1 to 1,000,000; further ones drive out
    /// the oldest.
    std::size_t buffer_records = 16384;
};

/// Makes the sink; connects later. @return what is wrong with the options
[[nodiscard]] Result<std::unique_ptr<FlowLogSink>> make_syslog_sink(SyslogSinkOptions options);

/// What a message has besides its record.
struct SyslogHeader {
    std::uint8_t facility = 0;
    std::string host;
    std::string app;
    pid_t process = 0;
};

/// A message of RFC 5424, with the record as "@cee:" and JSON. Times are in UTC.
[[nodiscard]] std::string to_syslog(const FlowLogRecord& record, const SyslogHeader& header);

/// The same as syslog(3) writes it to /dev/log, which is what daemons expect there. Times are in
/// the time zone of the process.
[[nodiscard]] std::string to_local_syslog(const FlowLogRecord& record, const SyslogHeader& header);

}  // namespace tollgate::agent
