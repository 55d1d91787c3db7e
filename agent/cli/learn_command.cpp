// SPDX-License-Identifier: MIT
#include <memory>

#include "agent/cli/caller.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/screens.hpp"

namespace tollgate::cli {
namespace {

struct Decision {
    std::vector<std::string> ids;
    bool all = false;
};

Exit start(const Cli& cli, const std::string& accept_risk) {
    Json request = Json::object();
    if (!accept_risk.empty()) {
        request["acceptRisk"] = accept_risk;
    }
    return cli.show(cli.client().post("/v1/learn/start", request), print_change);
}

Exit review(const Cli& cli, bool all) {
    return cli.show(
        cli.client().get(all ? "/v1/learn/candidates?all=1" : "/v1/learn/candidates?all=0"),
        print_candidates);
}

Exit decide(const Cli& cli, const std::string& verb, const Decision& decision) {
    if (decision.all == !decision.ids.empty()) {
        return cli.fail(Exit::usage,
                        "learn " + verb + " takes candidate IDs or --all",
                        "tollgate learn review lists them");
    }
    Json request{{"by", caller_name()}};
    if (decision.all) {
        request["all"] = true;
    } else {
        request["ids"] = decision.ids;
    }
    const bool approve_all = decision.all && verb == "approve";
    return cli.show(cli.client().post("/v1/learn/" + verb, request),
                    approve_all ? print_approved : print_candidates);
}

Exit export_policy(const Cli& cli) {
    return cli.show(cli.client().get("/v1/learn/export"), [](Screen& screen, const Json& answer) {
        screen.out() << text(answer, "policy");
    });
}

void add_deciding(CLI::App& group,
                  Cli& cli,
                  const std::string& verb,
                  const std::string& description) {
    auto decision = std::make_shared<Decision>();
    CLI::App* command = group.add_subcommand(verb, description);
    command->add_option("ID", decision->ids, "Candidates, as learn review names them");
    command->add_flag("--all",
                      decision->all,
                      verb == "approve" ? "All pending ones without a risk" : "All pending ones");
    command->callback([&cli, verb, decision] {
        cli.action = [&cli, verb, decision] {
            return decide(cli, verb, *decision);
        };
    });
}

}  // namespace

void add_learn_commands(CLI::App& app, Cli& cli) {
    CLI::App* group =
        app.add_subcommand("learn", "Learn what the device says, review and approve it");
    group->require_subcommand(0, 1);
    add_learn_from_captures(*group, cli);

    auto risk = std::make_shared<std::string>();
    CLI::App* start_app = group->add_subcommand(
        "start", "Go to the stage learn: only deny rules and the block list drop");
    add_accept_risk(*start_app, *risk);
    start_app->callback([&cli, risk] {
        cli.action = [&cli, risk] {
            return start(cli, *risk);
        };
    });

    group->add_subcommand("status", "How complete the picture is")->callback([&cli] {
        cli.action = [&cli] {
            return cli.show(cli.client().get("/v1/learn/status"), print_learn_status);
        };
    });

    auto all = std::make_shared<bool>(false);
    CLI::App* review_app = group->add_subcommand("review", "The candidates and their evidence");
    review_app->add_flag("-a,--all", *all, "Those that are covered already, too");
    review_app->callback([&cli, all] {
        cli.action = [&cli, all] {
            return review(cli, *all);
        };
    });

    add_deciding(*group, cli, "approve", "Let candidates into the policy at the next enforce");
    add_deciding(*group, cli, "reject", "Keep candidates out of the policy");

    group->add_subcommand("export", "The policy with what was approved, as a file")
        ->callback([&cli] {
            cli.action = [&cli] {
                return export_policy(cli);
            };
        });
}

}  // namespace tollgate::cli
