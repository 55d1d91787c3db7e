// SPDX-License-Identifier: MIT
#include <memory>

#include <fmt/format.h>

#include <tollgate/ip.hpp>

#include "agent/capture/replay.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/learn_report.hpp"
#include "agent/cli/screens.hpp"
#include "agent/system/file.hpp"
#include "policy/learn.hpp"
#include "policy/yaml_writer.hpp"

namespace tollgate::cli {
namespace {

struct Inputs {
    std::vector<std::string> captures;
    std::string device;
    std::string name = "learned";
};

void print_learned(Screen& screen, policy::Learner& learner, const policy::Policy& proposal) {
    const policy::LearnStatus status = learner.status();
    screen.field("learned",
                 fmt::format("{} from {}, {} of them worth a look; {}",
                             plural(status.services, "service"),
                             plural(status.flows, "flow"),
                             learner.candidates().size(),
                             plural(proposal.rules.size(), "rule")));
    screen.field("readiness",
                 fmt::format("{} %: {}", status.readiness.percent, status.readiness.text));
    screen.line();
    print_candidate_table(screen, describe_candidates(learner, proposal));
}

/// The policy as a file, or on stdout if no file is named.
Exit write(const Cli& cli, policy::Learner& learner, const Inputs& inputs) {
    policy::ProposalOptions options;
    options.name = inputs.name;
    options.description = "learned from captures of " + inputs.device;
    const policy::Policy proposal = learner.propose(options);
    const std::string yaml = policy::write_policy(proposal);
    if (cli.options.output == "table") {
        cli.out << yaml;
        return Exit::ok;
    }
    constexpr mode_t kReadable = 0644;
    if (const auto written = agent::write_file(cli.options.output, yaml, kReadable); !written) {
        return cli.fail(Exit::failure, written.error().message());
    }
    if (!cli.options.quiet) {
        Screen screen = cli.screen();
        print_learned(screen, learner, proposal);
        screen.line("wrote " + cli.options.output);
        screen.next(fmt::format("tollgate simulate --policy {} --pcap FILE --device {}",
                                cli.options.output,
                                inputs.device));
    }
    return Exit::ok;
}

Exit learn(const Cli& cli, const Inputs& inputs) {
    const auto device = MacAddress::parse(inputs.device);
    if (!device || device->is_group()) {
        return cli.fail(Exit::usage,
                        "not the MAC address of a device: \"" + inputs.device + "\"",
                        "--device 02:00:00:00:00:01");
    }
    policy::Learner learner;
    std::uint64_t frames = 0;
    for (const std::string& file : inputs.captures) {
        const auto read = agent::learn_capture(file, *device, learner);
        if (!read) {
            return cli.fail(Exit::failure, read.error().message());
        }
        frames += *read;
    }
    if (frames == 0) {
        return cli.fail(Exit::failure,
                        "no frame of " + inputs.device + " in the captures",
                        "--device is the MAC address of the protected device");
    }
    return write(cli, learner, inputs);
}

}  // namespace

void add_learn_from_captures(CLI::App& group, Cli& cli) {
    auto inputs = std::make_shared<Inputs>();
    CLI::Option* captures =
        group.add_option("--pcap", inputs->captures, "Learn from captures, without agent or root")
            ->type_name("FILE");
    CLI::Option* device =
        group.add_option("--device", inputs->device, "The protected device: its frames are egress")
            ->type_name("MAC");
    group.add_option("--name", inputs->name, "The name of the policy that -o writes")
        ->type_name("NAME")
        ->needs(captures)
        ->capture_default_str();
    captures->needs(device);
    device->needs(captures);
    group.callback([&cli, &group, inputs] {
        if (!group.get_subcommands().empty()) {
            if (!inputs->captures.empty()) {
                throw CLI::ExcludesError{"--pcap", group.get_subcommands().front()->get_name()};
            }
            return;
        }
        if (inputs->captures.empty()) {
            throw CLI::RequiredError{"learn: a subcommand, or --pcap,"};
        }
        cli.output_is_file = true;
        cli.action = [&cli, inputs] {
            return learn(cli, *inputs);
        };
    });
}

}  // namespace tollgate::cli
