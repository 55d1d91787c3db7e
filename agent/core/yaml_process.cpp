// SPDX-License-Identifier: MIT
#include "agent/core/yaml_process.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/confine/confined_process.hpp"
#include "agent/core/yaml_wire.hpp"
#include "agent/report/log.hpp"
#include "policy/yaml_strict.hpp"

namespace tollgate::agent {

namespace {

using Time = std::chrono::steady_clock;
using policy::Problem;

constexpr std::uint64_t kMemoryBytes = std::uint64_t{256} << 20U;
constexpr std::size_t kCpuSecondsPerMebibyte = 5;
constexpr std::size_t kWrittenAtOnce = std::size_t{64} << 10U;

std::size_t cpu_seconds_for(std::size_t bytes) {
    return kCpuSecondsPerMebibyte * (1 + bytes / policy::kYamlBytesMax);
}

Problem not_parsed(std::string_view why) {
    return {{1, 1}, fmt::format("the file could not be parsed: {}", why), ""};
}

bool wait_for(int channel, short events, Time::time_point until) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Time::now()).count();
    pollfd ready{channel, events, 0};
    return left > 0 && ::poll(&ready, 1, static_cast<int>(left)) == 1;
}

bool send_text(int channel, std::string_view text, Time::time_point until) {
    while (!text.empty()) {
        const ssize_t sent = ::send(channel, text.data(), text.size(), MSG_NOSIGNAL);
        if (sent > 0) {
            text.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno != EAGAIN || !wait_for(channel, POLLOUT, until)) {
            return false;
        }
    }
    return ::shutdown(channel, SHUT_WR) == 0;
}

// The reader's last state: open, if the process died or the time was over.
YamlWireReader::State receive(int channel,
                              YamlWireReader& reader,
                              const policy::YamlSink& sink,
                              Time::time_point until) {
    auto state = YamlWireReader::State::open;
    std::string part(kWrittenAtOnce, '\0');
    while (state == YamlWireReader::State::open && wait_for(channel, POLLIN, until)) {
        const ssize_t size = ::recv(channel, part.data(), part.size(), 0);
        if (size <= 0) {
            break;
        }
        state = reader.read({part.data(), static_cast<std::size_t>(size)}, sink);
    }
    return state;
}

// All until the other side has closed its end for writing.
std::optional<std::string> read_text() {
    std::string text;
    std::string part(kWrittenAtOnce, '\0');
    for (;;) {
        const ssize_t size = ::read(ChildProcess::kChannel, part.data(), part.size());
        if (size < 0) {
            return std::nullopt;
        }
        if (size == 0) {
            return text;
        }
        text.append(part, 0, static_cast<std::size_t>(size));
    }
}

bool write_all(std::string& bytes) {
    std::string_view left{bytes};
    while (!left.empty()) {
        const ssize_t size = ::write(ChildProcess::kChannel, left.data(), left.size());
        if (size <= 0) {
            return false;
        }
        left.remove_prefix(static_cast<std::size_t>(size));
    }
    bytes.clear();
    return true;
}

bool parse_and_tell(std::string_view text) {
    std::string bytes;
    const auto problem = policy::parse_yaml_here(text, [&bytes](const policy::YamlEvent& event) {
        append_event(bytes, event);
        return bytes.size() < kWrittenAtOnce || write_all(bytes);
    });
    append_end(bytes, problem);
    return write_all(bytes);
}

policy::YamlParser parser_in_use = policy::parse_yaml_here;

}  // namespace

std::optional<Problem> parse_yaml_apart(std::string_view text, const policy::YamlSink& sink) {
    const std::size_t seconds = cpu_seconds_for(text.size());
    ChildProcess::Plan plan;
    plan.role = kYamlRole;
    plan.arguments = {std::to_string(seconds)};
    plan.channel_type = SOCK_STREAM;
    auto started = start_confined(plan);
    if (!started) {
        return not_parsed(started.error().message());
    }
    ChildProcess& process = started->process;
    const auto until = Time::now() + 2 * std::chrono::seconds{seconds};
    YamlWireReader reader{policy::kConfigBytesMax};
    const auto state = send_text(process.channel(), text, until)
                           ? receive(process.channel(), reader, sink, until)
                           : YamlWireReader::State::open;
    switch (state) {
        case YamlWireReader::State::ended:
            return reader.problem();
        case YamlWireReader::State::enough:
            return std::nullopt;
        case YamlWireReader::State::malformed:
            return not_parsed("the parser answers nonsense");
        case YamlWireReader::State::open:
            break;
    }
    const auto end = process.wait(std::chrono::seconds{1});
    return not_parsed(end ? "the parser " + end->message() : "the parser takes too long");
}

int run_yaml(const std::vector<std::string>& arguments) {
    std::uint64_t seconds = 0;
    const std::string text = arguments.empty() ? "" : arguments.front();
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    const ProcessLimits limits{
        .memory_bytes = kMemoryBytes, .cpu_seconds = seconds, .open_files = {}, .file_bytes = 0};
    if (auto begun = begin_confined({SyscallProfile::yaml, {}, limits}, 0); !begun) {
        log(LogLevel::error, "parser.failed", {{"error", begun.error().message()}});
        return 1;
    }
    const auto yaml = read_text();
    ::_exit(yaml && parse_and_tell(*yaml) ? 0 : 1);
}

void set_yaml_parser(policy::YamlParser parser) {
    parser_in_use = std::move(parser);
}

const policy::YamlParser& yaml_parser() {
    return parser_in_use;
}

}  // namespace tollgate::agent
