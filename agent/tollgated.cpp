// SPDX-License-Identifier: MIT
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/core/options.hpp"
#include "agent/core/yaml_process.hpp"
#include "agent/daemon.hpp"
#include "agent/datapath/gate.hpp"
#include "agent/report/log.hpp"
#include "agent/roles.hpp"
#include "agent/system/child_process.hpp"
#include "agent/system/event_loop.hpp"
#include "agent/tunnel/kept_interfaces.hpp"
#include "agent/tunnel/tun_port.hpp"

namespace {

using namespace tollgate;
using namespace tollgate::agent;

ExitCode print(const std::string& text) {
    return ::write(STDOUT_FILENO, text.data(), text.size()) < 0 ? ExitCode::failed
                                                                : ExitCode::stopped;
}

// Where standard input, output or error is closed, the next file that is opened would get its
// number, and log lines.
void fill_standard_descriptors() {
    int descriptor = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    while (descriptor >= 0 && descriptor <= STDERR_FILENO) {
        descriptor = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    }
    if (descriptor > STDERR_FILENO) {
        ::close(descriptor);
    }
}

ExitCode wait_for_signal() {
    const auto signals = SignalSource::block({SIGTERM, SIGINT});
    pollfd entry{signals ? signals->fd() : -1, POLLIN, 0};
    while (signals && ::poll(&entry, 1, -1) < 0 && errno == EINTR) {
    }
    return signals ? ExitCode::stopped : ExitCode::failed;
}

// For whoever asked for it, so a sentence and no line of a log.
ExitCode refuse_cleanup(const Error& error) {
    const std::string text = fmt::format("tollgated: {}\n", error.message());
    static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) < 0);
    return exit_code_of_cleanup(error);
}

ExitCode clean_up(const Options& options) {
    auto removed = cleanup(options.gate.pin_dir, options.dry_run);
    if (!removed) {
        return refuse_cleanup(removed.error());
    }
    for (const std::string& tunnel : kept_interfaces(options.state_dir)) {
        const auto gone = options.dry_run ? Result<void>{} : remove_tun(tunnel);
        if (!gone) {
            return refuse_cleanup(gone.error());
        }
        removed->push_back(fmt::format("tunnel interface {}", tunnel));
    }
    std::string text;
    for (const std::string& line : *removed) {
        text += fmt::format("{} {}\n", options.dry_run ? "would remove" : "removed", line);
    }
    const ExitCode printed = print(text.empty() ? "there is nothing to remove\n" : text);
    return printed == ExitCode::stopped && options.wait ? wait_for_signal() : printed;
}

// Keys of tunnels and tokens of sinks come through this process. Neither call can fail; the limit
// does not hold where core dumps are piped to a program.
void leave_no_core_dump() {
    const rlimit none{0, 0};
    static_cast<void>(::setrlimit(RLIMIT_CORE, &none));
    static_cast<void>(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

ExitCode run(const std::vector<std::string>& arguments) {
    const auto options = read_options(arguments);
    if (!options) {
        log_problems("agent.refused",
                     options.error().error.message(),
                     {"exit_code", static_cast<int>(options.error().code)});
        return options.error().code;
    }
    if (options->show_help || options->show_version) {
        return print(options->show_help ? usage()
                                        : fmt::format("tollgated {}\n", TOLLGATE_VERSION));
    }
    if (options->cleanup) {
        return clean_up(*options);
    }
    set_log_level(options->log_level);
    leave_no_core_dump();
    return run_daemon(*options);
}

}  // namespace

int main(int argc, char** argv) {
    fill_standard_descriptors();
    try {
        const std::vector<std::string> arguments{argv + 1, argv + argc};
        if (const auto role = role_of(arguments)) {
            return run_role(*role, {arguments.begin() + 1, arguments.end()});
        }
        set_yaml_parser(parse_yaml_apart);
        return static_cast<int>(run(arguments));
    } catch (const std::exception& error) {
        tollgate::agent::log(
            tollgate::agent::LogLevel::error, "agent.failed", {{"error", error.what()}});
        return static_cast<int>(tollgate::agent::ExitCode::failed);
    }
}