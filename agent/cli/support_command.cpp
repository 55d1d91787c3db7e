// SPDX-License-Identifier: MIT
#include <array>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>

#include <unistd.h>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "agent/cli/commands.hpp"
#include "agent/cli/support_bundle.hpp"
#include "agent/cli/table.hpp"

namespace tollgate::cli {
namespace {

struct Wanted {
    BundleRequest bundle;
    bool only_list = false;
    bool yes = false;
};

/// "3 secrets of this host, 1 private key"
std::string redacted_text(const agent::Redactions& taken) {
    std::string all;
    const auto add = [&](std::uint64_t count, std::string_view what) {
        if (count > 0) {
            all += (all.empty() ? "" : ", ") + plural(count, what);
        }
    };
    add(taken.known, "known secret");
    add(taken.blocks, "private key");
    add(taken.named, "named secret");
    add(taken.keyed, "key-like text");
    return all.empty() ? "-" : all;
}

/// "IPv4 addresses 12 (in 340 places), names of hosts 1 (in 4 places)"
void print_anonymised(Screen& screen, const Anonymised& anonymised) {
    constexpr std::array kNames{"IPv4 addresses",
                                "IPv6 addresses",
                                "MAC addresses",
                                "names of hosts",
                                "names of peers",
                                "public keys"};
    std::string all;
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        const agent::Anonymiser::Count& count = anonymised.at(i);
        if (count.places > 0) {
            all += fmt::format("{}{} {} (in {})",
                               all.empty() ? "" : ", ",
                               kNames.at(i),
                               count_text(count.values),
                               plural(count.places, "place"));
        }
    }
    screen.field("replaced", all.empty() ? "none" : all);
    screen.line(
        "Names of rules, groups, policies, interfaces, users and files stay in it, and the "
        "policy.");
}

void print_bundle(Screen& screen, const Bundle& bundle) {
    Table table{{{"FILE"}, {"BYTES", Align::right}, {"REDACTED"}}};
    for (const BundleFile& file : bundle.files) {
        const bool redacted = file.redactions.sum() > 0;
        table.row({{file.name},
                   {count_text(file.content.size())},
                   {redacted_text(file.redactions), redacted ? Tone::warn : Tone::plain}});
    }
    table.print(screen);
    std::map<std::string, std::string> by_reason;
    for (const MissingFile& file : bundle.missing) {
        std::string& names = by_reason[file.why];
        names += (names.empty() ? "" : ", ") + file.name;
    }
    for (const auto& [why, names] : by_reason) {
        screen.field("missing", fmt::format("{}: {}", names, why));
    }
    if (bundle.anonymised) {
        print_anonymised(screen, *bundle.anonymised);
    } else {
        screen.line(
            "Addresses, names and the policy stay in it: give it only to whom you trust with "
            "them, or see --anonymise.");
    }
}

/// The name that is given, or one with the time.
std::filesystem::path file_of(const Cli& cli, std::time_t now) {
    if (cli.options.output != Options{}.output) {
        return cli.options.output;
    }
    return fmt::format("tollgate-support-{:%Y%m%dT%H%M%SZ}.tar.gz", fmt::gmtime(now));
}

/// @return false: nobody said yes
bool confirmed(const Cli& cli, const std::filesystem::path& file) {
    cli.out << "Write " << file.string() << "? [y/N] " << std::flush;
    std::string answer;
    return std::getline(std::cin, answer) && (answer == "y" || answer == "yes");
}

Exit write(const Cli& cli,
           const Bundle& bundle,
           const std::filesystem::path& file,
           std::time_t now) {
    std::vector<agent::ArchiveEntry> entries;
    const std::string folder = "tollgate-support/";
    entries.push_back({folder + "manifest.json", bundle.manifest().dump(2) + "\n"});
    for (const BundleFile& one : bundle.files) {
        entries.push_back({folder + one.name, one.content});
    }
    const auto written = agent::write_archive(file, entries, now);
    if (!written) {
        return cli.fail(Exit::failure, written.error().message(), "name a new file with -o FILE");
    }
    if (!cli.options.quiet) {
        cli.out << "wrote " << file.string() << '\n';
    }
    return Exit::ok;
}

Exit support_bundle(const Cli& cli, const Wanted& wanted) {
    const Bundle bundle = collect_bundle(cli, wanted.bundle);
    if (!cli.options.quiet || wanted.only_list) {
        Screen screen = cli.screen();
        print_bundle(screen, bundle);
    }
    if (!bundle.unclean.empty()) {
        return cli.fail(Exit::refused,
                        "a secret of this host is still in " + bundle.unclean.front(),
                        "nothing was written; please tell the maintainers, without the secret");
    }
    if (wanted.only_list) {
        return Exit::ok;
    }
    const std::time_t now = std::time(nullptr);
    const std::filesystem::path file = file_of(cli, now);
    if (!wanted.yes && ::isatty(STDIN_FILENO) == 0) {
        return cli.fail(Exit::refused, "nobody is here to say yes", "--yes writes without asking");
    }
    if (!wanted.yes && !confirmed(cli, file)) {
        return cli.fail(Exit::refused, "nothing was written");
    }
    return write(cli, bundle, file, now);
}

}  // namespace

void add_support_command(CLI::App& app, Cli& cli) {
    auto wanted = std::make_shared<Wanted>();
    CLI::App* command = app.add_subcommand(
        "support-bundle",
        "Collect what helps to find a fault, without secrets, into a tar.gz (-o FILE)");
    command->add_flag("--list,-n,--dry-run", wanted->only_list, "Only show what would be in it");
    command->add_flag("-y,--yes", wanted->yes, "Write it without asking");
    command->add_flag("--anonymise",
                      wanted->bundle.anonymise,
                      "Pseudonyms for addresses, names of hosts and peers, and public keys");
    command->add_option("--events", wanted->bundle.events, "How many of the last events")
        ->type_name("N")
        ->check(CLI::Range(0, 100'000).description(""));
    command
        ->add_option(
            "--config", wanted->bundle.config, "The configuration; default: the agent's own")
        ->type_name("FILE");
    command->callback([&cli, wanted] {
        cli.output_is_file = true;
        cli.action = [&cli, wanted] {
            return support_bundle(cli, *wanted);
        };
    });
}

}  // namespace tollgate::cli
