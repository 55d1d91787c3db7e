// SPDX-License-Identifier: MIT
#include "policy/agent_config.hpp"

#include <array>

#include <fmt/format.h>

#include <tollgate/abi/limits.h>

#include "policy/yaml_fields.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::policy {

namespace {

constexpr std::uint32_t kTableMin = 1024;
constexpr std::uint32_t kTableMax = 4194304;

constexpr std::array<std::string_view, 1> kVersions{"tollgate/v1"};
constexpr std::array<std::string_view, 1> kKinds{"Agent"};
constexpr std::array<std::string_view, 2> kPolicyWatches{"off", "apply"};
constexpr std::array<std::string_view, 4> kXdpModes{"auto", "native", "generic", "tc"};
constexpr std::array<std::string_view, 2> kMac1Checkers{"gate", "agent"};
constexpr std::array<std::string_view, 4> kLogLevels{"error", "warn", "info", "debug"};

class Reader {
  public:
    explicit Reader(std::vector<Problem>& problems) : problems_{problems} {}

    /// What others read; null: there is none.
    struct Parts {
        const YamlNode* tunnels = nullptr;
        const YamlNode* flow_log = nullptr;
    };

    Parts read(const YamlNode& root, AgentConfig& config) {
        Fields fields{root, "the configuration", problems_};
        if (!fields.is_map()) {
            return {};
        }
        expect(fields.required("apiVersion"), "apiVersion", kVersions);
        expect(fields.required("kind"), "kind", kKinds);
        read_lines(fields.optional("interfaces"), "interfaces", config.interfaces);
        config.policy = text(fields.optional("policy"), "policy");
        config.policy_watch = choice(fields.optional("policyWatch"), "policyWatch", kPolicyWatches);
        read_lines(fields.optional("policyReach"), "policyReach", config.policy_reach);
        if (const YamlNode* metrics = fields.optional("metrics")) {
            if (auto place = text(metrics, "metrics")) {
                config.metrics = {*std::move(place), metrics->mark};
            }
        }
        config.xdp_mode = choice(fields.optional("xdpMode"), "xdpMode", kXdpModes);
        config.tunnel_mac1 = choice(fields.optional("tunnelMac1"), "tunnelMac1", kMac1Checkers);
        config.log_level = choice(fields.optional("logLevel"), "logLevel", kLogLevels);
        if (const YamlNode* tables = fields.optional("tables")) {
            Fields sizes{*tables, "tables", problems_};
            config.flows = size(sizes.optional("flows"), "flows");
            config.embryos = size(sizes.optional("embryos"), "embryos");
            sizes.refuse_others();
        }
        const Parts parts{fields.optional("tunnels"), fields.optional("flowLog")};
        fields.refuse_others();
        return parts;
    }

  private:
    void expect(const YamlNode* node,
                std::string_view key,
                std::span<const std::string_view> words) {
        if (node != nullptr) {
            static_cast<void>(read_choice(*node, key, words, problems_));
        }
    }

    std::optional<std::string> text(const YamlNode* node, std::string_view key) {
        return node == nullptr ? std::nullopt : read_line(*node, key, problems_);
    }

    std::optional<std::string> choice(const YamlNode* node,
                                      std::string_view key,
                                      std::span<const std::string_view> words) {
        if (node == nullptr) {
            return std::nullopt;
        }
        const auto index = read_choice(*node, key, words, problems_);
        return index ? std::optional{std::string{words[*index]}} : std::nullopt;
    }

    std::optional<std::uint32_t> size(const YamlNode* node, std::string_view key) {
        if (node == nullptr) {
            return std::nullopt;
        }
        const auto value = read_integer(*node, key, problems_);
        if (!value) {
            return std::nullopt;
        }
        if (*value < kTableMin || *value > kTableMax) {
            report(problems_,
                   {node->mark,
                    std::string{key} + " must be from 1024 to 4194304",
                    {},
                    Severity::error});
            return std::nullopt;
        }
        return static_cast<std::uint32_t>(*value);
    }

    void read_lines(const YamlNode* node, std::string_view key, std::vector<PlacedText>& lines) {
        if (node == nullptr) {
            return;
        }
        for (const YamlNode& item : read_list(*node, key, problems_)) {
            if (auto line = read_line(item, key, problems_)) {
                lines.push_back({std::move(*line), item.mark});
            }
        }
        if (lines.size() > TG_ZONES_MAX) {
            report(problems_,
                   {node->mark, fmt::format("too many {}", key), "at most 16", Severity::error});
        }
    }

    std::vector<Problem>& problems_;
};

}  // namespace

ConfigReading read_agent_config(std::string_view text, const YamlParser& parser) {
    ConfigReading reading;
    const auto root = parse_yaml(text, reading.problems, kConfigBytesMax, parser);
    AgentConfig config;
    if (root) {
        const Reader::Parts parts = Reader{reading.problems}.read(*root, config);
        if (parts.tunnels != nullptr) {
            reading.tunnels = *parts.tunnels;
        }
        if (parts.flow_log != nullptr) {
            reading.flow_log = *parts.flow_log;
        }
    }
    if (root && !has_errors(reading.problems)) {
        reading.config = std::move(config);
    }
    return reading;
}

}  // namespace tollgate::policy
