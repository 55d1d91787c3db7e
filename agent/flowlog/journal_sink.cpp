// SPDX-License-Identifier: MIT
#include "agent/flowlog/journal_sink.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "agent/flowlog/line_sink.hpp"
#include "agent/flowlog/record_json.hpp"
#include "agent/flowlog/severity.hpp"
#include "policy/notation.hpp"

namespace tollgate::agent {

namespace {

// Of all records of the flow log: `journalctl MESSAGE_ID=…` finds them.
constexpr std::string_view kMessageId = "6c1f0b7a5d3e4b0f9a52e8c4d7b3160e";

// A value with a line break has its length in front, in little-endian order, in place of the '='.
void add(std::string& entry, std::string_view field, std::string_view value) {
    entry += field;
    if (value.find('\n') == std::string_view::npos) {
        entry += '=';
    } else {
        entry += '\n';
        for (std::uint64_t size = value.size(), byte = 0; byte < sizeof size; ++byte) {
            entry += static_cast<char>(size & 0xffU);
            size >>= 8U;
        }
    }
    entry += value;
    entry += '\n';
}

void add_if_any(std::string& entry, std::string_view field, std::string_view value) {
    if (!value.empty()) {
        add(entry, field, value);
    }
}

void add_sides(std::string& entry, const policy::FlowRecord& flow) {
    add(entry, "TOLLGATE_DIRECTION", policy::to_text(flow.direction));
    if (flow.protocol != 0) {
        add(entry, "TOLLGATE_PROTOCOL", policy::protocol_text(flow.protocol));
        add(entry, "TOLLGATE_REMOTE", flow.remote.to_string());
        add(entry, "TOLLGATE_REMOTE_PORT", fmt::to_string(flow.remote_port));
        add(entry, "TOLLGATE_LOCAL", flow.local.to_string());
        add(entry, "TOLLGATE_LOCAL_PORT", fmt::to_string(flow.local_port));
    }
    add_if_any(entry, "TOLLGATE_PEER", flow.peer);
}

}  // namespace

std::string to_journal_entry(const FlowLogRecord& record) {
    std::string json;
    append_json(json, record);
    std::string entry;
    add(entry, "MESSAGE", json);
    add(entry, "MESSAGE_ID", kMessageId);
    add(entry, "PRIORITY", fmt::to_string(severity_of(record.type)));
    add(entry, "SYSLOG_IDENTIFIER", "tollgated");
    add(entry, "TOLLGATE_TYPE", label(record.type));
    if (record.type == FlowLogType::lost) {
        return entry;
    }
    add_sides(entry, record.flow);
    add_if_any(entry, "TOLLGATE_REMOTE_NAME", record.remote_name);
    add_if_any(entry, "TOLLGATE_INTERFACE", record.interface);
    add_if_any(entry, "TOLLGATE_RULE", record.rule);
    if (record.reason != TG_DROP_NONE) {
        add(entry, "TOLLGATE_REASON", tollgate::label(static_cast<DropReason>(record.reason)));
    }
    return entry;
}

Result<std::unique_ptr<FlowLogSink>> make_journal_sink(JournalSinkOptions options) {
    if (options.path.empty()) {
        return failure("the journal needs the path of its socket");
    }
    if (options.buffer_records < 1 || options.buffer_records > 1'000'000) {
        return failure(fmt::format("a journal buffer has 1 to 1000000 records, not {}",
                                   options.buffer_records));
    }
    return std::make_unique<LineSink>(
        LineSink::Options{"journal",
                          {CollectorTransport::local, {}, std::move(options.path)},
                          options.buffer_records},
        to_journal_entry);
}

}  // namespace tollgate::agent
