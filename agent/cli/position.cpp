// SPDX-License-Identifier: MIT
#include "agent/cli/position.hpp"

#include <fmt/ranges.h>

#include "policy/problem.hpp"

namespace tollgate::cli {
namespace {

bool takes_value(const CLI::Option& option) {
    return option.get_items_expected_max() > 0;
}

std::vector<const CLI::App*> subcommands(const CLI::App& app) {
    return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string suggestion(const std::string& kind,
                       const std::string& word,
                       const std::vector<std::string>& known) {
    const std::vector<std::string_view> names{known.begin(), known.end()};
    const std::string hint = policy::did_you_mean(word, names);
    return "unknown " + kind + " " + policy::in_quotes(word) + (hint.empty() ? "" : "; " + hint);
}

}  // namespace

void Position::step(const std::string& word) {
    if (awaits != nullptr) {
        remember(awaits->get_name(), word);
        awaits = nullptr;
        return;
    }
    if (word == "--") {
        only_positionals = true;
        return;
    }
    if (word.starts_with('-') && word.size() > 1 && !only_positionals) {
        step_option(word);
        return;
    }
    for (const CLI::App* command : subcommands(*commands.back())) {
        if (command->get_name() == word) {
            commands.push_back(command);
            positionals = 0;
            return;
        }
    }
    ++positionals;
}

void Position::step_option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const CLI::Option* option = find_option(name);
    if (option == nullptr) {
        const bool joined = word.size() > 2 && word[1] != '-';  // "-ojson", "-qa"
        if (unknown_option.empty() && !joined) {
            unknown_option = name;
        }
    } else if (takes_value(*option) && equals == std::string::npos) {
        awaits = option;
    } else if (takes_value(*option)) {
        remember(name, word.substr(equals + 1));
    }
}

void Position::remember(const std::string& option, const std::string& value) {
    if (option == "--socket") {
        options.socket = value;
    }
}

std::vector<const CLI::Option*> Position::all_options() const {
    std::vector<const CLI::Option*> all;
    for (auto app = commands.rbegin(); app != commands.rend(); ++app) {
        for (const CLI::Option* option : (*app)->get_options()) {
            const bool own = app == commands.rbegin();
            const bool help = option->check_lname("help") || option->check_lname("help-all") ||
                              option->check_lname("version");
            if (!option->get_positional() && (own || !help)) {
                all.push_back(option);
            }
        }
    }
    return all;
}

const CLI::Option* Position::find_option(const std::string& name) const {
    for (const CLI::Option* option : all_options()) {
        if (option->check_name(name)) {
            return option;
        }
    }
    return nullptr;
}

namespace {

std::vector<std::string> long_names(const Position& position) {
    std::vector<std::string> names;
    for (const CLI::Option* option : position.all_options()) {
        for (const std::string& name : option->get_lnames()) {
            names.push_back("--" + name);
        }
    }
    return names;
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& commands) {
    std::vector<std::string> names;
    for (const CLI::App* command : commands) {
        names.push_back(command->get_name());
    }
    return names;
}

Position end_of(const CLI::App& app, std::span<const std::string> words) {
    Position position{app};
    for (const std::string& word : words) {
        position.step(word);
    }
    return position;
}

}  // namespace

std::string explain_unknown(const CLI::App& app, std::span<const std::string> words) {
    Position position{app};
    for (const std::string& word : words) {
        position.step(word);
        const auto commands = subcommands(*position.commands.back());
        if (!position.unknown_option.empty()) {
            return suggestion("option", position.unknown_option, long_names(position));
        }
        if (position.positionals > 0 && !commands.empty()) {
            return suggestion("command", word, names_of(commands));
        }
    }
    return {};
}

std::string explain_missing(const CLI::App& app, std::span<const std::string> words) {
    const CLI::App& last = *end_of(app, words).commands.back();
    if (last.get_require_subcommand_min() == 0) {
        return {};
    }
    return fmt::format("a command is missing after '{}': {}",
                       command_of(app, words),
                       fmt::join(names_of(subcommands(last)), ", "));
}

std::string command_of(const CLI::App& app, std::span<const std::string> words) {
    return fmt::format("{}", fmt::join(names_of(end_of(app, words).commands), " "));
}

}  // namespace tollgate::cli
