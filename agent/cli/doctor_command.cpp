// SPDX-License-Identifier: MIT
#include <algorithm>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "agent/cli/commands.hpp"
#include "agent/cli/host_checks.hpp"
#include "agent/cli/screens.hpp"
#include "agent/cli/table.hpp"
#include "agent/doctor/checks.hpp"

namespace tollgate::cli {
namespace {

struct Sign {
    const char* text;
    Tone tone;
};

Sign sign_of(const std::string& result) {
    if (result == "ok") {
        return {"✔ ok", Tone::good};
    }
    if (result == "warn") {
        return {"! warn", Tone::warn};
    }
    return result == "unknown" ? Sign{"? unknown", Tone::dim} : Sign{"✘ FAIL", Tone::bad};
}

/// "1 failed, 2 warnings, 20 ok, 3 unknown"
std::string summary(const Json& checks) {
    std::map<std::string, std::size_t> counts;
    for (const Json& check : checks) {
        ++counts[text(check, "result")];
    }
    std::string all = fmt::format(
        "{} failed, {}, {} ok", counts["fail"], plural(counts["warn"], "warning"), counts["ok"]);
    return counts["unknown"] > 0 ? all + fmt::format(", {} unknown", counts["unknown"]) : all;
}

/// What it mends and the remark, then the command alone on a line, to be copied.
void print_fix(Screen& screen, const std::string& name, const std::string& fix) {
    const std::size_t remark = fix.find(" # ");
    screen.field("fix", remark == std::string::npos ? name : name + ": " + fix.substr(remark + 3));
    screen.field("", fix.substr(0, remark));
}

Exit list_checks(const Cli& cli) {
    Json names = envelope("DoctorChecks");
    names["checks"] = Json::array();
    for (const agent::CheckName& check : agent::kCheckNames) {
        names["checks"].push_back({{"name", check.name}, {"question", check.question}});
    }
    return cli.show({Exit::ok, names}, [](Screen& screen, const Json& shown) {
        Table table{{{"CHECK"}, {"QUESTION"}}};
        for (const Json& check : list(shown, "checks")) {
            table.row({{text(check, "name")}, {text(check, "question")}});
        }
        table.print(screen);
    });
}

Exit doctor(const Cli& cli, const std::vector<std::string>& wanted) {
    for (const std::string& name : wanted) {
        if (std::ranges::none_of(agent::kCheckNames,
                                 [&](const auto& check) { return check.name == name; })) {
            return cli.fail(Exit::usage,
                            "there is no check '" + name + "'",
                            "tollgate doctor --list names them");
        }
    }
    const Answer answer{Exit::ok, examine(cli, wanted)};
    const Exit exit = cli.show(answer, print_doctor);
    if (exit != Exit::ok) {
        return exit;
    }
    const Json& checks = list(answer.body, "checks");
    const bool failed = std::any_of(checks.begin(), checks.end(), [](const Json& check) {
        return text(check, "result") == "fail";
    });
    return failed ? Exit::check_failed : Exit::ok;
}

}  // namespace

void print_doctor(Screen& screen, const Json& doctor) {
    constexpr std::size_t kNameColumns = 24;
    Table table{{{"CHECK", Align::left, kNameColumns}, {"RESULT"}, {"DETAIL"}}};
    const Json& checks = list(doctor, "checks");
    for (const Json& check : checks) {
        const auto [sign, tone] = sign_of(text(check, "result"));
        table.row({{text(check, "name")}, {sign, tone}, {text(check, "detail")}});
    }
    table.print(screen);
    for (const Json& check : checks) {
        if (has(check, "fix") && text(check, "result") != "ok") {
            print_fix(screen, text(check, "name"), text(check, "fix"));
        }
    }
    screen.line(summary(checks));
}

void add_doctor_command(CLI::App& app, Cli& cli) {
    auto wanted = std::make_shared<std::vector<std::string>>();
    auto only_list = std::make_shared<bool>(false);
    CLI::App* command = app.add_subcommand(
        "doctor", "Check host, privileges, interfaces and policy; exit 5 if one fails");
    command->add_option("CHECK", *wanted, "Only these checks");
    command->add_flag("--list", *only_list, "Name the checks and what each is about");
    command->callback([&cli, wanted, only_list] {
        cli.action = [&cli, wanted, only_list] {
            return *only_list ? list_checks(cli) : doctor(cli, *wanted);
        };
    });
}

}  // namespace tollgate::cli
