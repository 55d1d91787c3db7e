// SPDX-License-Identifier: MIT
#include "agent/cli/completion.hpp"

#include <algorithm>
#include <sstream>
#include <vector>

#include "agent/cli/client.hpp"
#include "agent/cli/options.hpp"
#include "agent/cli/position.hpp"
#include "agent/cli/text.hpp"
#include "agent/doctor/checks.hpp"
#include "agent/system/interface.hpp"

namespace tollgate::cli {
namespace {

using Texts = std::vector<std::string>;

/// Texts that the agent knows; nothing without one.
class AgentValues {
  public:
    explicit AgentValues(const Options& options) : client_(options.socket, kPatience) {}

    [[nodiscard]] Texts interfaces() const {
        Texts names = fields("/v1/status", "interfaces", "name");
        return names.empty() ? agent::interfaces() : names;
    }
    [[nodiscard]] Texts candidates() const {
        const Answer answer = client_.get("/v1/learn/candidates?all=1");
        Texts ids;
        for (const Json& candidate : list(answer.body, "candidates")) {
            ids.push_back(text(candidate, "id") + '\t' + text(candidate, "direction") + ' ' +
                          text(candidate, "remote") + ' ' + joined(list(candidate, "services")));
        }
        return ids;
    }
    [[nodiscard]] Texts generations() const {
        const Answer answer = client_.get("/v1/policy/history");
        Texts numbers;
        for (const Json& entry : list(answer.body, "entries")) {
            numbers.push_back(std::to_string(number(entry, "generation")) + '\t' +
                              text(entry, "state") + ' ' + text(entry, "change"));
        }
        return numbers;
    }
    [[nodiscard]] Texts tunnels() const { return fields("/v1/tunnels", "tunnels", "name"); }
    [[nodiscard]] Texts peers() const {
        const Answer answer = client_.get("/v1/tunnels");
        Texts names;
        for (const Json& tunnel : list(answer.body, "tunnels")) {
            for (const Json& peer : list(tunnel, "peers")) {
                names.push_back(text(peer, "name", text(peer, "publicKey").c_str()) + '\t' +
                                text(tunnel, "name"));
            }
        }
        return names;
    }
    [[nodiscard]] Texts blocked() const {
        constexpr std::size_t kShown = 200;
        const Answer answer = client_.get("/v1/blocklist");
        Texts prefixes;
        for (const Json& prefix : list(answer.body, "prefixes")) {
            if (prefix.is_string() && prefixes.size() < kShown) {
                prefixes.push_back(prefix.get<std::string>());
            }
        }
        return prefixes;
    }

  private:
    static constexpr std::chrono::milliseconds kPatience{500};

    [[nodiscard]] Texts fields(const char* path, const char* array, const char* key) const {
        const Answer answer = client_.get(path);
        Texts values;
        for (const Json& entry : list(answer.body, array)) {
            values.push_back(text(entry, key));
        }
        return values;
    }

    Client client_;
};

Texts split(const std::string& text, char separator) {
    Texts parts;
    std::istringstream stream{text};
    for (std::string part; std::getline(stream, part, separator);) {
        parts.push_back(part);
    }
    return parts;
}

/// The values of an option or positional, by the name that the help gives them.
Texts values_of(const std::string& kind, const Position& position) {
    if (kind.find('|') != std::string::npos) {
        return split(kind, '|');
    }
    if (kind == "FILE" || kind == "PATH") {
        return {":files"};
    }
    if (kind == "CHECK") {
        Texts names;
        for (const agent::CheckName& check : agent::kCheckNames) {
            names.push_back(std::string{check.name} + '\t' + std::string{check.question});
        }
        return names;
    }
    const AgentValues agent{position.options};
    if (kind == "IF") {
        return agent.interfaces();
    }
    if (kind == "TUNNEL") {
        return agent.tunnels();
    }
    if (kind == "PEER") {
        return agent.peers();
    }
    if (kind == "ID") {
        return agent.candidates();
    }
    if (kind == "N") {
        return agent.generations();
    }
    const bool removes = position.commands.back()->get_name() == "remove";
    return kind == "PREFIX" && removes ? agent.blocked() : Texts{};
}

Texts option_names(const Position& position) {
    Texts names;
    for (const CLI::Option* option : position.all_options()) {
        const auto& longs = option->get_lnames();
        const auto& shorts = option->get_snames();
        const std::string name = longs.empty() ? "-" + shorts.front() : "--" + longs.front();
        names.push_back(name + '\t' + option->get_description());
    }
    return names;
}

Texts words_for(const Position& position) {
    const CLI::App& command = *position.commands.back();
    Texts words;
    for (const CLI::App* sub : command.get_subcommands([](const CLI::App*) { return true; })) {
        words.push_back(sub->get_name() + '\t' + sub->get_description());
    }
    std::size_t index = 0;
    for (const CLI::Option* option : command.get_options()) {
        if (!option->get_positional()) {
            continue;
        }
        const bool repeats = option->get_items_expected_max() > 1;
        if (index == position.positionals || (repeats && index < position.positionals)) {
            const std::string type = option->get_type_name();
            const bool closed = type.find('|') != std::string::npos;
            const Texts values = values_of(closed ? type : option->get_name(), position);
            words.insert(words.end(), values.begin(), values.end());
        }
        ++index;
    }
    return words;
}

Texts candidates_for(const Position& position, const std::string& typed) {
    if (position.awaits != nullptr) {
        return values_of(position.awaits->get_type_name(), position);
    }
    if (!typed.starts_with('-') || position.only_positionals) {
        return words_for(position);
    }
    const std::size_t equals = typed.find('=');
    const CLI::Option* option = position.find_option(typed.substr(0, equals));
    if (equals == std::string::npos || option == nullptr) {
        return option_names(position);
    }
    Texts values = values_of(option->get_type_name(), position);
    for (std::string& value : values) {
        value.insert(0, value.starts_with(':') ? "" : typed.substr(0, equals + 1));
    }
    return values;
}

void dump_command(const CLI::App& app, const std::string& path, std::ostream& out) {
    out << path << "\t\t" << app.get_description().substr(0, app.get_description().find('\n'))
        << '\n';
    for (const CLI::Option* option : app.get_options()) {
        const bool help = option->check_lname("help") && app.get_parent() != nullptr;
        if (!help && !option->check_lname("help-all")) {
            const std::string name = option->get_name(/*positional=*/true, /*all_options=*/true);
            out << path << '\t' << name << '\t' << option->get_description() << '\n';
        }
    }
    for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
        dump_command(*sub, path + ' ' + sub->get_name(), out);
    }
}

}  // namespace

void complete(const CLI::App& app, std::span<const std::string> words, std::ostream& out) {
    Position position{app};
    if (const char* socket = std::getenv("TOLLGATE_SOCKET"); socket != nullptr) {
        position.options.socket = socket;
    }
    const std::string typed = words.empty() ? std::string{} : words.back();
    for (const std::string& word : words.first(words.empty() ? 0 : words.size() - 1)) {
        position.step(word);
    }
    for (const std::string& candidate : candidates_for(position, typed)) {
        if (candidate.starts_with(typed) || candidate == ":files") {
            const std::size_t tab = candidate.find('\t');
            out << printable(candidate.substr(0, tab));
            if (tab != std::string::npos) {
                out << '\t' << printable(candidate.substr(tab + 1));
            }
            out << '\n';
        }
    }
}

void dump(const CLI::App& app, std::ostream& out) {
    dump_command(app, app.get_name(), out);
}

}  // namespace tollgate::cli
