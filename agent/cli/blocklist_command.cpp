// SPDX-License-Identifier: MIT
#include <memory>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include <tollgate/ip.hpp>

#include "agent/cli/commands.hpp"
#include "agent/cli/screens.hpp"
#include "agent/system/file.hpp"

namespace tollgate::cli {
namespace {

using Texts = std::vector<std::string>;

/// A request holds at most a mebibyte: this many prefixes of the longest form.
constexpr std::size_t kPrefixesPerCall = 20000;
constexpr std::size_t kFileMax = 64U << 20U;

/// Calls with the prefixes in portions. @return the last answer, `changed` being the sum
Answer in_portions(const Client& client, const std::string& path, const Texts& prefixes) {
    Answer answer;
    std::uint64_t changed = 0;
    for (std::size_t begin = 0; begin < prefixes.size(); begin += kPrefixesPerCall) {
        const std::size_t end = std::min(begin + kPrefixesPerCall, prefixes.size());
        Json portion = Json::array();
        for (std::size_t i = begin; i < end; ++i) {
            portion.push_back(prefixes[i]);
        }
        answer = client.post(path, {{"prefixes", std::move(portion)}});
        if (!answer.ok()) {
            return answer;
        }
        changed += number(answer.body, "changed");
    }
    answer.body["changed"] = changed;
    return answer;
}

Exit change(const Cli& cli, const char* verb, const Texts& prefixes) {
    for (const std::string& prefix : prefixes) {
        if (!Prefix::parse(prefix)) {
            return cli.fail(Exit::usage,
                            "not an address or a CIDR block without host bits: \"" + prefix + "\"");
        }
    }
    const std::string path = std::string{"/v1/blocklist/"} + verb;
    return cli.show(in_portions(cli.client(), path, prefixes), print_blocklist);
}

/// One address or CIDR block on a line; what follows '#' or ';' is a comment.
/// @return a description of the first line that is neither, or ""
std::string parse_lines(const std::string& content, const std::string& file, Texts& prefixes) {
    std::istringstream lines{content};
    std::string line;
    for (std::size_t row = 1; std::getline(lines, line); ++row) {
        std::istringstream words{line.substr(0, line.find_first_of("#;"))};
        std::string word;
        if (!(words >> word)) {
            continue;
        }
        const auto prefix = Prefix::parse(word);
        if (!prefix) {
            return fmt::format(
                "{}:{}: not an address or a CIDR block without host bits: \"{}\"", file, row, word);
        }
        prefixes.push_back(prefix->to_string());
    }
    return {};
}

/// Takes from the list what `wanted` does not hold: after the additions, so that nothing that is in
/// both is ever let through.
Answer remove_others(const Client& client, const Texts& wanted) {
    Answer current = client.get("/v1/blocklist");
    if (!current.ok()) {
        return current;
    }
    const std::set<std::string> kept{wanted.begin(), wanted.end()};
    Texts others;
    for (const Json& prefix : list(current.body, "prefixes")) {
        if (prefix.is_string() && !kept.contains(prefix.get<std::string>())) {
            others.push_back(prefix.get<std::string>());
        }
    }
    return others.empty() ? current : in_portions(client, "/v1/blocklist/remove", others);
}

Exit load(const Cli& cli, const std::string& file, bool replace) {
    const auto content = agent::read_file(file, kFileMax);
    if (!content) {
        return cli.fail(Exit::failure, content.error().message());
    }
    Texts prefixes;
    if (const std::string problem = parse_lines(*content, file, prefixes); !problem.empty()) {
        return cli.fail(Exit::check_failed, problem, "nothing was loaded");
    }
    const Client client = cli.client();
    Answer answer = in_portions(client, "/v1/blocklist/add", prefixes);
    if (replace && answer.ok()) {
        answer = remove_others(client, prefixes);
        answer.body.erase("prefixes");
    }
    return cli.show(answer, print_blocklist);
}

void add_changing(CLI::App& group, Cli& cli, const char* verb, const char* description) {
    auto prefixes = std::make_shared<Texts>();
    CLI::App* command = group.add_subcommand(verb, description);
    command->add_option("PREFIX", *prefixes, "An address or a CIDR block")->required();
    command->callback([&cli, verb, prefixes] {
        cli.action = [&cli, verb, prefixes] {
            return change(cli, verb, *prefixes);
        };
    });
}

}  // namespace

void add_blocklist_commands(CLI::App& app, Cli& cli) {
    CLI::App* blocklist =
        app.add_subcommand("blocklist", "Addresses that are dropped in every stage but open");
    blocklist->require_subcommand(1);
    add_changing(*blocklist, cli, "add", "Add addresses or CIDR blocks, at once");
    add_changing(*blocklist, cli, "remove", "Remove addresses or CIDR blocks, at once");
    blocklist->add_subcommand("list", "Print the block list")->callback([&cli] {
        cli.action = [&cli] {
            return cli.show(cli.client().get("/v1/blocklist"), print_blocklist);
        };
    });
    auto file = std::make_shared<std::string>();
    auto replace = std::make_shared<bool>(false);
    CLI::App* load_app = blocklist->add_subcommand("load", "Add all lines of a file");
    load_app->add_option("FILE", *file, "One address or CIDR block on a line, # for comments")
        ->required();
    load_app->add_flag("--replace", *replace, "And remove what the file does not hold");
    load_app->callback([&cli, file, replace] {
        cli.action = [&cli, file, replace] {
            return load(cli, *file, *replace);
        };
    });
}

}  // namespace tollgate::cli
