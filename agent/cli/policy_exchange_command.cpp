// SPDX-License-Identifier: MIT
// policy import …, policy export …: policies in other people's formats.
#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "agent/cli/commands.hpp"
#include "agent/cli/policy_check.hpp"
#include "agent/cli/text.hpp"
#include "agent/exchange/kubernetes_export.hpp"
#include "agent/exchange/mud_export.hpp"
#include "agent/exchange/mud_import.hpp"
#include "agent/exchange/nft_export.hpp"
#include "agent/system/file.hpp"
#include "policy/notation.hpp"
#include "policy/yaml_writer.hpp"

namespace tollgate::cli {
namespace {

using exchange::Exported;
using exchange::MudOutcome;

constexpr std::size_t kMudFileMax = std::size_t{1} << 20;
constexpr mode_t kFileMode = 0644;

struct Import {
    std::string file;
    std::string name;
    std::string mode = "audit";
    std::vector<std::string> definitions;
    bool strict = false;
};

struct Export {
    std::string file;
    std::string mud_url;
    bool strict = false;
};

/// A policy into another format. @return the text, and what it cannot say
using Writer = std::function<Exported(const Cli&, const policy::Policy&, const Export&)>;

std::string all_problems(const std::string& file, const std::vector<policy::Problem>& problems) {
    return policy::format_problems(file, problems, problems.size());
}

/// To standard output, or to the file of -o, which must be new.
Exit write_text(const Cli& cli, const std::string& text) {
    const std::string& file = cli.options.output;
    if (file == "table") {  // no -o
        cli.out << text;
        return Exit::ok;
    }
    if (std::filesystem::exists(file)) {
        return cli.fail(
            Exit::failure, file + " is there already and stays as it is", "name a new file");
    }
    const auto written = agent::write_file(file, text, kFileMode);
    return written ? Exit::ok : cli.fail(Exit::failure, written.error().message());
}

std::string summary(const std::vector<MudOutcome>& outcomes) {
    const auto count = [&](MudOutcome::Kind kind) {
        return static_cast<std::uint64_t>(
            std::count_if(outcomes.begin(), outcomes.end(), [&](const MudOutcome& outcome) {
                return outcome.kind == kind;
            }));
    };
    return fmt::format(
        "ACEs: {}, as rules {}, as answers of rules {}, in the baseline {}, left out {}\n",
        outcomes.size(),
        count(MudOutcome::Kind::rule),
        count(MudOutcome::Kind::answers),
        count(MudOutcome::Kind::baseline),
        count(MudOutcome::Kind::refused));
}

policy::Stage stage_of(const std::string& mode) {
    return mode == "learn"   ? policy::Stage::learn
           : mode == "audit" ? policy::Stage::audit
                             : policy::Stage::enforce;
}

Exit import_mud(const Cli& cli, const Import& wanted) {
    exchange::MudImportOptions options{wanted.name, stage_of(wanted.mode), {}};
    if (!wanted.name.empty() && !policy::is_identifier(wanted.name)) {
        return cli.fail(Exit::usage,
                        policy::in_quotes(wanted.name) + " is no name of a policy",
                        "write lower-case letters, digits and hyphens");
    }
    for (const std::string& definition : wanted.definitions) {
        if (const auto added = exchange::define(definition, options.definitions); !added) {
            return cli.fail(Exit::usage, "--define: " + added.error().message());
        }
    }
    const auto text = agent::read_file(wanted.file, kMudFileMax);
    if (!text) {
        return cli.fail(Exit::failure, text.error().message());
    }
    const exchange::MudImport imported = exchange::import_mud(*text, options);
    cli.err << all_problems(wanted.file, imported.problems);
    if (!imported.policy) {
        return cli.fail(Exit::check_failed, "nothing was imported");
    }
    if (!cli.options.quiet) {
        cli.err << summary(imported.outcomes);
    }
    if (wanted.strict && !imported.problems.empty()) {
        return cli.fail(Exit::check_failed,
                        "nothing was imported: not all of it can be",
                        "without --strict the rest is");
    }
    const std::string yaml = policy::write_policy(*imported.policy);
    const bool has_file = cli.options.output != "table";
    cli.err << all_problems(has_file ? cli.options.output : "the policy",
                            policy::read_policy(yaml).problems);
    return write_text(cli, yaml);
}

Exit export_policy(const Cli& cli, const Export& wanted, const Writer& write) {
    std::string name = wanted.file;
    Result<policy::Reading> reading;
    if (name.empty()) {
        const Answer answer = cli.client().get("/v1/policy?effective=0");
        if (!answer.ok()) {
            return cli.show_failure(answer);
        }
        name = "the policy in force";
        reading = policy::read_policy(text(answer.body, "yaml"));
    } else {
        reading = read_policy_file(name);
    }
    if (!reading) {
        return cli.fail(Exit::failure, reading.error().message());
    }
    if (!reading->policy) {
        cli.err << all_problems(name, reading->problems);
        return cli.fail(Exit::check_failed, "nothing was exported");
    }
    const Exported exported = write(cli, *reading->policy, wanted);
    cli.err << all_problems(name, exported.problems);
    if (policy::has_errors(exported.problems)) {
        return cli.fail(Exit::check_failed, "nothing was exported");
    }
    if (wanted.strict && !exported.problems.empty()) {
        return cli.fail(Exit::check_failed,
                        "nothing was exported: not all of it can be",
                        "without --strict the rest is");
    }
    return write_text(cli, exported.text);
}

Exported write_mud(const Cli& cli, const policy::Policy& policy, const Export& wanted) {
    return exchange::export_mud(policy, {wanted.mud_url, policy::to_text(cli.screen().now())});
}

void add_import(CLI::App& group, Cli& cli) {
    auto wanted = std::make_shared<Import>();
    CLI::App* command = group.add_subcommand(
        "mud", "The policy of a device from its MUD file (RFC 8520), to -o FILE or printed");
    command->add_option("FILE", wanted->file, "The MUD file")->required();
    command
        ->add_option("--define",
                     wanted->definitions,
                     "Addresses of what the file only names: dns, gateway, local-networks, …")
        ->type_name("NAME=ADDRESS")
        ->allow_extra_args(false);
    command->add_option("--name", wanted->name, "Of the policy; default: from the file's mud-url")
        ->type_name("NAME");
    choose(command->add_option("--mode", wanted->mode, "Of the policy"), "learn|audit|enforce")
        ->capture_default_str();
    command->add_flag("--strict", wanted->strict, "Import all of it, or nothing (exit 5)");
    command->callback([&cli, wanted] {
        cli.output_is_file = true;
        cli.action = [&cli, wanted] {
            return import_mud(cli, *wanted);
        };
    });
}

void add_export(CLI::App& group,
                Cli& cli,
                const char* name,
                const char* description,
                const Writer& write) {
    auto wanted = std::make_shared<Export>();
    CLI::App* command = group.add_subcommand(name, description);
    command->add_option("FILE", wanted->file, "The policy file; default: the policy in force");
    command->add_flag("--strict", wanted->strict, "Export all of it, or nothing (exit 5)");
    if (std::string_view{name} == "mud") {
        command
            ->add_option("--mud-url", wanted->mud_url, "Where the file will be; default: the label")
            ->type_name("URL");
    }
    command->callback([&cli, wanted, write] {
        cli.output_is_file = true;
        cli.action = [&cli, wanted, write] {
            return export_policy(cli, *wanted, write);
        };
    });
}

}  // namespace

void add_policy_exchange_commands(CLI::App& group, Cli& cli) {
    CLI::App* import = group.add_subcommand("import", "Policies from other formats");
    import->require_subcommand(1);
    add_import(*import, cli);

    CLI::App* exports = group.add_subcommand("export", "Policies in other formats");
    exports->require_subcommand(1);
    add_export(*exports, cli, "mud", "As a MUD file (RFC 8520), to -o FILE or printed", write_mud);
    const auto writer = [](Exported (*write)(const policy::Policy&)) {
        return [write](const Cli&, const policy::Policy& policy, const Export&) {
            return write(policy);
        };
    };
    add_export(*exports,
               cli,
               "nft",
               "As a ruleset of nftables, to -o FILE or printed",
               writer(exchange::export_nft));
    add_export(*exports,
               cli,
               "k8s",
               "As a NetworkPolicy of Kubernetes, to -o FILE or printed",
               writer(exchange::export_kubernetes));
    add_export(*exports,
               cli,
               "cilium",
               "As a CiliumNetworkPolicy, to -o FILE or printed",
               writer(exchange::export_cilium));
}

}  // namespace tollgate::cli
