// SPDX-License-Identifier: MIT
#include <algorithm>
#include <array>
#include <memory>

#include <fmt/format.h>

#include "agent/cli/caller.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/policy_check.hpp"
#include "agent/cli/screens.hpp"
#include "agent/system/file.hpp"
#include "policy/problem.hpp"
#include "policy/schema.hpp"

namespace tollgate::cli {
namespace {

struct Change {
    std::string file;
    std::string confirm_within = "2m";
    std::string accept_risk;
    bool dry_run = false;
    std::uint64_t generation = 0;  ///< 0: the previous one
};

Exit check(const Cli& cli, const std::string& file) {
    const auto reading = read_policy_file(file);
    if (!reading) {
        return cli.fail(Exit::failure, reading.error().message());
    }
    const auto print = [&](Screen& screen, const Json& answer) {
        screen.out() << policy::format_problems(file, reading->problems);
        if (flag(answer, "valid")) {
            screen.line(fmt::format("{}: ok, policy {} with {}",
                                    file,
                                    text(answer, "name"),
                                    plural(number(answer, "rules"), "rule")),
                        Tone::good);
        }
    };
    const Exit exit = cli.show({Exit::ok, describe_reading(file, *reading)}, print);
    return reading->policy ? exit : Exit::check_failed;
}

Exit show(const Cli& cli, bool effective) {
    const Answer answer =
        cli.client().get(effective ? "/v1/policy?effective=1" : "/v1/policy?effective=0");
    return cli.show(answer, [effective](Screen& screen, const Json& policy) {
        if (effective) {
            print_policy(screen, policy);
        } else {
            screen.out() << text(policy, "yaml");  // a file: can be redirected into one
        }
    });
}

bool differs(const Json& diff) {
    constexpr std::array kKinds{"added", "removed", "changed", "settings"};
    return std::any_of(
        kKinds.begin(), kKinds.end(), [&](const char* kind) { return !list(diff, kind).empty(); });
}

Exit diff(const Cli& cli, const std::string& file) {
    Json request{{"clientSession", client_session()}};
    if (!file.empty()) {
        const auto content = agent::read_file(file, kPolicyFileMax);
        if (!content) {
            return cli.fail(Exit::failure, content.error().message());
        }
        request["yaml"] = *content;
    }
    const Answer answer = cli.client().post("/v1/policy/diff", request);
    if (!answer.ok()) {
        return cli.show_failure(answer, file.empty() ? "policy" : file);
    }
    const Exit exit = cli.show(answer, [&file](Screen& screen, const Json& difference) {
        print_diff(screen, difference, file);
    });
    return differs(answer.body) ? Exit::would_change : exit;
}

void print_applied(Screen& screen, const Json& change) {
    if (has(change, "effect")) {
        print_effect(screen, object(change, "effect"));
    } else {  // what comes back was judged when it was put in force
        screen.field("effect",
                     "the pending change is taken back, what was in force before it is again");
    }
    print_change(screen, change);
}

Exit apply(const Cli& cli, const Change& change) {
    const auto content = agent::read_file(change.file, kPolicyFileMax);
    if (!content) {
        return cli.fail(Exit::failure, content.error().message());
    }
    Json request = timed(change.confirm_within, change.accept_risk, client_session());
    request["yaml"] = *content;
    if (change.dry_run) {
        request["dryRun"] = true;
    }
    const Answer answer = cli.client().post("/v1/policy/apply", request);
    if (!answer.ok()) {
        return cli.show_failure(answer, change.file);
    }
    return cli.show(answer, [dry_run = change.dry_run](Screen& screen, const Json& applied) {
        if (!dry_run) {
            return print_applied(screen, applied);
        }
        print_effect(screen, object(applied, "effect"));
        screen.line("dry run: nothing was changed");
    });
}

Exit rollback(const Cli& cli, const Change& change) {
    Json request = timed(change.confirm_within, change.accept_risk, client_session());
    if (change.generation != 0) {
        request["generation"] = change.generation;
    }
    return cli.show(cli.client().post("/v1/policy/rollback", request), print_applied);
}

void add_reading(CLI::App& group, Cli& cli) {
    auto file = std::make_shared<std::string>();
    CLI::App* check_app = group.add_subcommand(
        "check", "All problems of a policy file, without the agent; exit 5 if it has errors");
    check_app->add_option("FILE", *file, "The policy file")->required();
    check_app->callback([&cli, file] {
        cli.action = [&cli, file] {
            return check(cli, *file);
        };
    });

    auto effective = std::make_shared<bool>(false);
    CLI::App* show_app = group.add_subcommand("show", "The policy in force, as a file");
    show_app->add_flag(
        "--effective", *effective, "As a table, with baseline, defaults and counters");
    show_app->callback([&cli, effective] {
        cli.action = [&cli, effective] {
            return show(cli, *effective);
        };
    });

    auto other = std::make_shared<std::string>();
    CLI::App* diff_app = group.add_subcommand(
        "diff", "What a policy file, or else what was approved, would change; exit 6 if anything");
    diff_app->add_option("FILE", *other, "The policy file");
    diff_app->callback([&cli, other] {
        cli.action = [&cli, other] {
            return diff(cli, *other);
        };
    });

    group.add_subcommand("schema", "The JSON Schema of policy files, for editors")
        ->callback([&cli] {
            cli.action = [&cli] {
                cli.out << policy::policy_schema();
                return Exit::ok;
            };
        });

    group.add_subcommand("history", "The generations of the policy and who made them")
        ->callback([&cli] {
            cli.action = [&cli] {
                return cli.show(cli.client().get("/v1/policy/history"), print_history);
            };
        });
}

void add_changing(CLI::App& group, Cli& cli) {
    auto applied = std::make_shared<Change>();
    CLI::App* apply_app = group.add_subcommand(
        "apply",
        "Put a policy file in force, with the stage of its mode; reverts unless confirmed");
    apply_app->add_option("FILE", applied->file, "The policy file")->required();
    add_confirm_within(*apply_app, applied->confirm_within);
    add_accept_risk(*apply_app, applied->accept_risk);
    apply_app->add_flag("-n,--dry-run", applied->dry_run, "Only say what it would do");
    apply_app->callback([&cli, applied] {
        cli.action = [&cli, applied] {
            return apply(cli, *applied);
        };
    });

    auto back = std::make_shared<Change>();
    CLI::App* rollback_app = group.add_subcommand(
        "rollback", "Return to an earlier generation; reverts unless confirmed");
    rollback_app->add_option("N", back->generation, "The generation; default: the one before");
    add_confirm_within(*rollback_app, back->confirm_within);
    add_accept_risk(*rollback_app, back->accept_risk);
    rollback_app->callback([&cli, back] {
        cli.action = [&cli, back] {
            return rollback(cli, *back);
        };
    });
}

}  // namespace

void add_policy_commands(CLI::App& app, Cli& cli) {
    CLI::App* group = app.add_subcommand(
        "policy", "Check, show, compare, apply, roll back, import and export policies");
    group->require_subcommand(1);
    add_reading(*group, cli);
    add_changing(*group, cli);
    add_policy_exchange_commands(*group, cli);
}

}  // namespace tollgate::cli
