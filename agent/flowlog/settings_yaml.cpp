// SPDX-License-Identifier: MIT
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "agent/flowlog/settings.hpp"
#include "policy/yaml_fields.hpp"

namespace tollgate::agent {

namespace {

using policy::Fields;
using policy::Mark;
using policy::Problem;
using policy::YamlNode;

constexpr std::array<std::string_view, 3> kEvents{"flows", "drops", "wouldDrops"};
constexpr std::array<std::string_view, 6> kTypes{"file",
                                                 "stdout",
                                                 "syslog",
                                                 "journal",
                                                 "http",
                                                 "ipfix"};
constexpr std::array<std::string_view, 3> kSyslogTransports{"udp", "tcp", "local"};
constexpr std::array<std::string_view, 2> kTransports{"udp", "tcp"};

/// A number with bounds, both included.
struct Bounds {
    std::uint64_t least;
    std::uint64_t most;
};
constexpr Bounds kIntervalSeconds{5, 86400};
constexpr Bounds kRotateMebibytes{1, 65536};
constexpr Bounds kRotateCount{1, 999};
constexpr Bounds kObservationDomain{0, UINT32_MAX};
constexpr Bounds kMessageBytes{548, 65535};
constexpr Bounds kTemplateSeconds{1, 3600};
constexpr Bounds kFacility{0, 23};
constexpr Bounds kBatchRecords{1, 10'000};
constexpr Bounds kBatchBytes{4096, 8U << 20U};
constexpr Bounds kBatchSeconds{1, 300};
constexpr Bounds kTimeoutSeconds{1, 60};
constexpr Bounds kMemoryBytes{64U << 10U, 64U << 20U};
constexpr Bounds kSpoolBytes{1U << 20U, std::uint64_t{16} << 30U};
constexpr Bounds kBufferRecords{1, 1'000'000};

class Reader {
  public:
    explicit Reader(std::vector<Problem>& problems) : problems_{problems} {}

    FlowLogSettings read(const YamlNode& node) {
        FlowLogSettings settings;
        Fields fields{node, "flowLog", problems_};
        if (!fields.is_map()) {
            return settings;
        }
        read_seconds(fields, "interval", kIntervalSeconds, settings.interval);
        if (const YamlNode* events = fields.optional("events")) {
            read_events(*events, settings);
        }
        if (const YamlNode* sinks = fields.required("sinks")) {
            read_sinks(*sinks, settings);
        }
        fields.refuse_others();
        return settings;
    }

  private:
    void read_events(const YamlNode& node, FlowLogSettings& settings) {
        settings.flows = settings.drops = settings.would_drops = false;
        for (const YamlNode& item :
             policy::read_some(node, "events", "leave flowLog out for no flow log", problems_)) {
            const auto index = policy::read_choice(item, "events", kEvents, problems_);
            const std::string_view word = kEvents.at(index.value_or(0));
            settings.flows = settings.flows || word == "flows";
            settings.drops = settings.drops || word == "drops";
            settings.would_drops = settings.would_drops || word == "wouldDrops";
        }
    }

    void read_sinks(const YamlNode& node, FlowLogSettings& settings) {
        for (const YamlNode& item :
             policy::read_some(node, "sinks", "leave flowLog out for no flow log", problems_)) {
            if (auto options = read_sink(item)) {
                settings.sinks.push_back(std::move(*options));
            }
        }
    }

    std::optional<FlowLogSinkOptions> read_sink(const YamlNode& node) {
        Fields fields{node, "a sink", problems_};
        const YamlNode* const type = fields.required("type");
        const auto index =
            type == nullptr ? std::nullopt : policy::read_choice(*type, "type", kTypes, problems_);
        if (!index) {
            return std::nullopt;
        }
        const std::string_view word = kTypes.at(*index);
        const auto [first, is_new] = types_.emplace(word, type->mark);
        if (!is_new) {
            error(type->mark,
                  fmt::format("there is a sink of the type {} already", word),
                  fmt::format("the first is in line {}", first->second.line));
        }
        FlowLogSinkOptions options = read_options(word, fields);
        fields.refuse_others();
        return options;
    }

    FlowLogSinkOptions read_options(std::string_view type, Fields& fields) {
        if (type == "file") {
            return read_file(fields);
        }
        if (type == "syslog") {
            return read_syslog(fields);
        }
        if (type == "journal") {
            return read_journal(fields);
        }
        if (type == "http") {
            return read_http(fields);
        }
        return type == "ipfix" ? FlowLogSinkOptions{read_ipfix(fields)} : StdoutOptions{};
    }

    JsonFileOptions read_file(Fields& fields) {
        JsonFileOptions options;
        if (const YamlNode* path = fields.optional("path")) {
            read_path(*path, "path", options.path);
        }
        std::uint64_t mebibytes = options.rotate_bytes >> 20U;
        read_number(fields, "rotateMebibytes", kRotateMebibytes, mebibytes);
        options.rotate_bytes = mebibytes << 20U;
        read_number(fields, "rotateCount", kRotateCount, options.rotate_count);
        return options;
    }

    SyslogSinkOptions read_syslog(Fields& fields) {
        SyslogSinkOptions options;
        if (const YamlNode* transport = fields.optional("transport")) {
            const auto index =
                policy::read_choice(*transport, "transport", kSyslogTransports, problems_);
            options.transport = static_cast<CollectorTransport>(index.value_or(0));
        }
        read_optional_path(fields, "path", options.path);
        const bool is_local = options.transport == CollectorTransport::local;
        if (const YamlNode* host = is_local ? nullptr : fields.required("host")) {
            read_place(*host, "host", options.host);
        }
        read_number(fields, "facility", kFacility, options.facility);
        read_number(fields, "bufferRecords", kBufferRecords, options.buffer_records);
        if (const YamlNode* app = fields.optional("app")) {
            options.app = policy::read_line(*app, "app", problems_).value_or("");
        }
        return options;
    }

    JournalSinkOptions read_journal(Fields& fields) {
        JournalSinkOptions options;
        read_optional_path(fields, "path", options.path);
        read_number(fields, "bufferRecords", kBufferRecords, options.buffer_records);
        return options;
    }

    HttpSinkOptions read_http(Fields& fields) {
        HttpSinkOptions options;
        if (const YamlNode* url = fields.required("url")) {
            options.url = policy::read_line(*url, "url", problems_).value_or("");
        }
        read_optional_path(fields, "caFile", options.ca_file);
        read_optional_path(fields, "tokenFile", options.token_file);
        read_optional_path(fields, "spoolFolder", options.spool_folder);
        read_number(fields, "spoolBytes", kSpoolBytes, options.spool_bytes);
        read_number(fields, "memoryBytes", kMemoryBytes, options.memory_bytes);
        read_number(fields, "batchRecords", kBatchRecords, options.batch_records);
        read_number(fields, "batchBytes", kBatchBytes, options.batch_bytes);
        read_seconds(fields, "batchAge", kBatchSeconds, options.batch_age);
        read_seconds(fields, "timeout", kTimeoutSeconds, options.timeout);
        return options;
    }

    void read_optional_path(Fields& fields, std::string_view key, std::filesystem::path& path) {
        if (const YamlNode* node = fields.optional(key)) {
            read_path(*node, key, path);
        }
    }

    IpfixSinkOptions read_ipfix(Fields& fields) {
        IpfixSinkOptions options;
        if (const YamlNode* collector = fields.required("collector")) {
            read_place(*collector, "collector", options.collector);
        }
        if (const YamlNode* transport = fields.optional("transport")) {
            const auto index = policy::read_choice(*transport, "transport", kTransports, problems_);
            options.transport = index == 1U ? CollectorTransport::tcp : CollectorTransport::udp;
        }
        read_number(fields, "observationDomain", kObservationDomain, options.observation_domain);
        read_number(fields, "messageBytes", kMessageBytes, options.message_bytes);
        read_number(fields, "bufferRecords", kBufferRecords, options.buffer_records);
        read_seconds(fields, "templateInterval", kTemplateSeconds, options.template_interval);
        return options;
    }

    void read_place(const YamlNode& node, std::string_view key, HostPort& target) {
        const auto text = policy::read_line(node, key, problems_);
        const auto place = text ? HostPort::parse(*text) : std::nullopt;
        if (place) {
            target = *place;
        } else if (text) {
            error(node.mark,
                  policy::in_quotes(*text) + " is no host and port",
                  "write HOST:PORT, or '[IPV6]:PORT' in quotes");
        }
    }

    void read_path(const YamlNode& node, std::string_view key, std::filesystem::path& path) {
        const auto text = policy::read_line(node, key, problems_);
        if (!text) {
            return;
        }
        path = *text;
        if (!path.is_absolute() || !path.has_filename()) {
            error(node.mark, fmt::format("{} must be a path from the root", key));
        }
    }

    /// What is absent or does not fit leaves `target` as it is.
    template <typename Number>
    void read_number(Fields& fields, std::string_view key, Bounds bounds, Number& target) {
        const YamlNode* const node = fields.optional(key);
        const auto value =
            node == nullptr ? std::nullopt : policy::read_integer(*node, key, problems_);
        if (value && (*value < bounds.least || *value > bounds.most)) {
            error(node->mark,
                  fmt::format("{} must be from {} to {}", key, bounds.least, bounds.most));
        } else if (value) {
            target = static_cast<Number>(*value);
        }
    }

    template <typename Duration>
    void read_seconds(Fields& fields, std::string_view key, Bounds bounds, Duration& target) {
        using std::chrono::seconds;
        auto number = static_cast<std::uint64_t>(std::chrono::floor<seconds>(target).count());
        read_number(fields, key, bounds, number);
        target = seconds{number};
    }

    void error(const Mark& mark, std::string message, std::string_view hint = {}) {
        report(problems_, {mark, std::move(message), std::string{hint}, policy::Severity::error});
    }

    std::vector<Problem>& problems_;
    std::map<std::string_view, Mark> types_;  ///< where each was first
};

}  // namespace

FlowLogSettings read_flow_log(const YamlNode& node, std::vector<Problem>& problems) {
    return Reader{problems}.read(node);
}

}  // namespace tollgate::agent
