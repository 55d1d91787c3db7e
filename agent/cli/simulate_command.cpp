// SPDX-License-Identifier: MIT
#include <memory>

#include <tollgate/ip.hpp>

#include "agent/capture/replay.hpp"
#include "agent/cli/commands.hpp"
#include "agent/cli/policy_check.hpp"
#include "agent/cli/simulation_report.hpp"
#include "policy/problem.hpp"
#include "policy/simulate.hpp"

namespace tollgate::cli {
namespace {

struct Inputs {
    std::string policy;
    std::vector<std::string> captures;
    std::string device;
};

Exit simulate(const Cli& cli, const Inputs& inputs) {
    const auto device = MacAddress::parse(inputs.device);
    if (!device || device->is_group()) {
        return cli.fail(Exit::usage, "not the MAC address of a device: \"" + inputs.device + "\"");
    }
    auto reading = read_policy_file(inputs.policy);
    if (!reading) {
        return cli.fail(Exit::failure, reading.error().message());
    }
    if (!reading->policy) {
        cli.err << policy::format_problems(inputs.policy, reading->problems);
        return cli.fail(Exit::check_failed, inputs.policy + " has errors");
    }
    const std::string name = reading->policy->name;
    policy::Simulation simulation{*std::move(reading->policy)};
    std::uint64_t frames = 0;
    for (const std::string& file : inputs.captures) {
        const auto read = agent::for_each_frame(
            file, *device, [&](const agent::CapturedFrame& frame, policy::Direction direction) {
                simulation.add(frame.bytes, direction, frame.at, frame.original_length);
            });
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
    return cli.show({Exit::ok, describe_simulation(simulation.report(), name)}, print_simulation);
}

}  // namespace

void add_simulate_command(CLI::App& app, Cli& cli) {
    auto inputs = std::make_shared<Inputs>();
    CLI::App* command = app.add_subcommand(
        "simulate", "What a policy would do to a capture; needs no agent, no root");
    command->add_option("--policy", inputs->policy, "The policy file")
        ->type_name("FILE")
        ->required();
    command->add_option("--pcap", inputs->captures, "Captures (pcap, pcapng), in order of time")
        ->type_name("FILE")
        ->required();
    command->add_option("--device", inputs->device, "The protected device: its frames are egress")
        ->type_name("MAC")
        ->required();
    command->callback([&cli, inputs] {
        cli.action = [&cli, inputs] {
            return simulate(cli, *inputs);
        };
    });
}

}  // namespace tollgate::cli
