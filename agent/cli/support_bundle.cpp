// SPDX-License-Identifier: MIT
#include "agent/cli/support_bundle.hpp"

#include <array>
#include <chrono>

#include <fmt/format.h>

#include "agent/cli/host_checks.hpp"
#include "agent/doctor/bpf_objects.hpp"
#include "agent/support/command.hpp"
#include "agent/support/plain_file.hpp"
#include "crypto/random.hpp"

namespace tollgate::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kUsualConfig = "/etc/tollgate/tollgate.yaml";
constexpr const char* kUsualMetrics = "127.0.0.1:9586";
constexpr std::size_t kTextMax = std::size_t{8} << 20U;

class Collector {
  public:
    Collector(const Cli& cli, const BundleRequest& wanted)
        : cli_{cli}, wanted_{wanted}, status_{cli.client().get("/v1/status")} {}

    [[nodiscard]] Bundle collect();

  private:
    void prepare();
    void add_text(const std::string& name, std::string_view content);
    void add_json(const std::string& name, Json document);
    void add_answer(const std::string& name, const Answer& answer);
    void miss(const std::string& name, std::string why) {
        bundle_.missing.push_back({name, std::move(why)});
    }
    void add_agent();
    void add_events();
    void add_metrics();
    void add_configuration();
    void add_bpf();
    void add_journal();
    void anonymise();

    const Cli& cli_;
    const BundleRequest& wanted_;
    Answer status_;
    fs::path config_;
    agent::Redactor redactor_;
    Bundle bundle_;
};

/// Public keys and hashes look like secrets; those that are known to be none are kept.
void spare(agent::Redactor& redactor, const Json& document) {
    for (const auto& [name, value] : document.items()) {
        if (value.is_string() && (name == "publicKey" || name == "hash" || name == "policyHash")) {
            redactor.spare(value.get<std::string>());
        } else if (value.is_structured()) {
            spare(redactor, value);
        }
    }
}

void Collector::prepare() {
    config_ = wanted_.config;
    if (config_.empty()) {
        config_ = text(status_.body, "configFile", kUsualConfig);
    }
    learn_secrets(redactor_, config_, static_cast<pid_t>(number(status_.body, "pid")));
    for (const char* path : {"/v1/tunnels", "/v1/status", "/v1/policy/history"}) {
        if (status_.ok()) {
            spare(redactor_, cli_.client().get(path).body);
        }
    }
}

void Collector::add_text(const std::string& name, std::string_view content) {
    BundleFile file{name, {}, {}};
    file.content = redactor_.text(content, file.redactions);
    bundle_.files.push_back(std::move(file));
}

void Collector::add_json(const std::string& name, Json document) {
    BundleFile file{name, {}, {}};
    redactor_.json(document, file.redactions);
    file.content = document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
    bundle_.files.push_back(std::move(file));
}

void Collector::add_answer(const std::string& name, const Answer& answer) {
    if (answer.ok()) {
        add_json(name, answer.body);
    } else {
        miss(name, answer.message());
    }
}

void Collector::add_agent() {
    constexpr std::array kCalls{std::pair{"policy.json", "/v1/policy?effective=1"},
                                std::pair{"history.json", "/v1/policy/history"},
                                std::pair{"learning.json", "/v1/learn/status"},
                                std::pair{"candidates.json", "/v1/learn/candidates?all=1"},
                                std::pair{"tunnels.json", "/v1/tunnels"},
                                std::pair{"flows.json", "/v1/flows?last=1000"}};
    Json version = envelope("Version");
    version["cli"] = TOLLGATE_VERSION;
    if (status_.ok()) {
        version["agent"] = text(status_.body, "version");
        version["kernel"] = text(status_.body, "kernel");
    }
    add_json("version.json", version);
    add_answer("status.json", status_);
    for (const auto& [name, path] : kCalls) {
        add_answer(name, status_.ok() ? cli_.client().get(path) : status_);
        if (std::string_view{name} == "policy.json" && status_.ok()) {
            const Answer policy = cli_.client().get(path);
            add_text("policy.yaml", text(policy.body, "yaml"));
        }
    }
    add_events();
    add_metrics();
}

void Collector::add_events() {
    BundleFile file{"events.jsonl", {}, {}};
    const Answer end = cli_.client().stream(
        fmt::format("/v1/observe?last={}", wanted_.events),
        /*follow=*/false,
        [&](std::string_view line) {
            Json event = Json::parse(line, nullptr, false);
            redactor_.json(event, file.redactions);
            file.content += event.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
        });
    if (end.ok()) {
        bundle_.files.push_back(std::move(file));
    } else {
        miss(file.name, end.message());
    }
}

void Collector::add_metrics() {
    const bool off = status_.ok() && !has(status_.body, "metrics");
    const std::string address = text(status_.body, "metrics", kUsualMetrics);
    const auto metrics = off ? Result<std::string>{failure("they are off")}
                             : get_plain(address, "/metrics", cli_.options.timeout());
    if (metrics) {
        add_text("metrics.txt", *metrics);
    } else {
        miss("metrics.txt", metrics.error().message());
    }
}

void Collector::add_configuration() {
    std::vector<std::pair<std::string, fs::path>> files{{"config/tollgate.yaml", config_}};
    if (const std::string policy = text(object(status_.body, "policyFile"), "path");
        !policy.empty()) {
        files.emplace_back("config/policy.yaml", policy);
    }
    for (const auto& [name, path] : files) {
        const auto content = agent::read_plain_file(fs::absolute(path), kTextMax);
        if (content) {
            add_text(name, *content);
        } else if (content.error().code.value() == ELOOP) {
            miss(name, path.string() + ": a symbolic link is on the way, and is not followed");
        } else {
            miss(name, content.error().message());
        }
    }
}

void Collector::add_bpf() {
    const auto programs = agent::bpf_programs();
    const auto maps = agent::bpf_maps();
    if (!programs || !maps) {
        miss("host/bpf.json", (programs ? maps.error() : programs.error()).message());
        return;
    }
    Json document{{"programs", Json::array()}, {"maps", Json::array()}};
    for (const agent::BpfProgram& program : *programs) {
        document["programs"].push_back({{"id", program.id},
                                        {"type", program.type},
                                        {"name", program.name},
                                        {"maps", program.map_ids}});
    }
    for (const agent::BpfMap& map : *maps) {
        document["maps"].push_back({{"id", map.id},
                                    {"type", map.type},
                                    {"name", map.name},
                                    {"keyBytes", map.key_bytes},
                                    {"valueBytes", map.value_bytes},
                                    {"entries", map.entries}});
    }
    add_json("host/bpf.json", std::move(document));
}

void Collector::add_journal() {
    constexpr std::chrono::seconds kPatience{10};
    const auto lines = agent::output_of({"journalctl",
                                         "-u",
                                         "tollgated",
                                         "-n",
                                         "2000",
                                         "--no-pager",
                                         "-q",
                                         "-o",
                                         "short-iso-precise"},
                                        kTextMax,
                                        kPatience);
    if (lines && !lines->empty()) {
        add_text("journal.txt", *lines);
    } else {
        miss("journal.txt",
             lines ? "the journal has no line of tollgated" : lines.error().message());
    }
}

void Collector::anonymise() {
    agent::Pseudonyms::Key key{};
    crypto::fill_random(key);
    agent::Anonymiser anonymiser{key};
    learn_host_name(anonymiser);
    std::erase_if(bundle_.files, [&](const BundleFile& file) {
        const bool known = learn_names(anonymiser, file);
        if (!known) {
            miss(file.name, "is no YAML: which names are in it cannot be told");
        }
        return !known;
    });
    for (BundleFile& file : bundle_.files) {
        file.content = anonymiser.text(file.content);
    }
    for (MissingFile& file : bundle_.missing) {
        file.why = anonymiser.text(file.why);
    }
    bundle_.anonymised.emplace();
    for (const agent::Anonymiser::Kind kind : agent::Anonymiser::kKinds) {
        bundle_.anonymised->at(static_cast<std::size_t>(kind)) = anonymiser.count(kind);
    }
}

Bundle Collector::collect() {
    prepare();
    add_json("doctor.json", examine(cli_, {}));
    add_agent();
    add_configuration();
    for (const agent::ArchiveEntry& file : host_files()) {
        add_text(file.path, file.content);
    }
    add_bpf();
    add_journal();
    if (wanted_.anonymise) {
        anonymise();
    }
    for (const BundleFile& file : bundle_.files) {
        if (!redactor_.is_clean(file.content)) {
            bundle_.unclean.push_back(file.name);
        }
    }
    return std::move(bundle_);
}

}  // namespace

Json Bundle::manifest() const {
    Json manifest = envelope("SupportBundle");
    manifest["files"] = Json::array();
    for (const BundleFile& file : files) {
        const agent::Redactions& taken = file.redactions;
        Json entry{{"name", file.name}, {"bytes", file.content.size()}};
        if (taken.sum() > 0) {
            entry["redacted"] = {{"secretsOfThisHost", taken.known},
                                 {"privateKeys", taken.blocks},
                                 {"namedSecrets", taken.named},
                                 {"keyLikeText", taken.keyed}};
        }
        manifest["files"].push_back(std::move(entry));
    }
    manifest["missing"] = Json::array();
    for (const MissingFile& file : missing) {
        manifest["missing"].push_back({{"name", file.name}, {"why", file.why}});
    }
    if (anonymised) {
        constexpr std::array kNames{"ipv4Addresses",
                                    "ipv6Addresses",
                                    "macAddresses",
                                    "hostNames",
                                    "peerNames",
                                    "publicKeys"};
        for (std::size_t i = 0; i < kNames.size(); ++i) {
            const agent::Anonymiser::Count& count = anonymised->at(i);
            manifest["anonymised"][kNames.at(i)] = {{"values", count.values},
                                                    {"places", count.places}};
        }
    }
    return manifest;
}

Bundle collect_bundle(const Cli& cli, const BundleRequest& wanted) {
    return Collector{cli, wanted}.collect();
}

}  // namespace tollgate::cli
