// SPDX-License-Identifier: MIT
#include "agent/cli/client.hpp"

#include <cctype>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr const char* kUnreachableHint =
    "is tollgated running? systemctl status tollgated; \"tollgate open\" works without it";

/// Why nobody can be reached on the socket. @return 0 if somebody can
int connect_error(const std::filesystem::path& socket) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.native().size() >= sizeof address.sun_path) {
        return ENAMETOOLONG;
    }
    std::memcpy(address.sun_path, socket.c_str(), socket.native().size());
    const agent::FileDescriptor fd{
        ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const void* generic = &address;
    return ::connect(fd.get(), static_cast<const sockaddr*>(generic), sizeof address) == 0 ? 0
                                                                                           : errno;
}

/// The failure to reach the agent at all, if there is one. Asked before each call, because httplib
/// does not say why it cannot connect.
std::optional<Answer> unreachable(const std::filesystem::path& socket) {
    const int error = connect_error(socket);
    if (error == 0 || error == EAGAIN) {  // EAGAIN: its backlog is full; the call will wait
        return std::nullopt;
    }
    const std::string reason = std::generic_category().message(error);
    const std::string message =
        fmt::format("cannot reach the agent at {}: {}", socket.string(), reason);
    if (error == EACCES || error == EPERM) {
        return failed(Exit::refused,
                      "forbidden",
                      message,
                      "run as root, or as a member of the group tollgate");
    }
    return failed(Exit::unreachable, "unreachable", message, kUnreachableHint);
}

httplib::Client connection(const std::filesystem::path& socket, std::chrono::milliseconds timeout) {
    constexpr int kPortOfNoMeaning = 80;
    httplib::Client client{socket.string(), kPortOfNoMeaning};
    client.set_address_family(AF_UNIX);
    client.set_default_headers({{"Host", "localhost"}});  // not the path of the socket
    client.set_connection_timeout(timeout);
    client.set_write_timeout(timeout);
    client.set_read_timeout(timeout);
    return client;
}

/// docs/control-api.md: the exit code of each error code.
Exit exit_of(const std::string& code) {
    if (code == "invalid") {
        return Exit::usage;
    }
    if (code == "forbidden" || code == "pending" || code == "risk" || code == "sameConnection") {
        return Exit::refused;
    }
    return code == "policyInvalid" ? Exit::check_failed : Exit::failure;
}

Answer parsed(int status, const std::string& body) {
    constexpr int kFirstErrorStatus = 400;
    Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
    if (!json.is_object() || !has(json, "kind")) {
        return failed(
            Exit::failure,
            "internal",
            fmt::format("the agent answered with something that is not ours (HTTP {})", status),
            "is another program listening on this socket?");
    }
    if (status < kFirstErrorStatus) {
        return {Exit::ok, std::move(json)};
    }
    const Exit exit = exit_of(text(object(json, "error"), "code"));
    return {exit, std::move(json)};
}

Answer no_answer(Clock::time_point begin, std::chrono::milliseconds timeout) {
    // httplib reports a read that timed out like one that failed.
    const auto waited = Clock::now() - begin;
    if (waited + std::chrono::milliseconds{50} >= timeout) {
        return failed(Exit::timeout,
                      "timeout",
                      fmt::format("the agent did not answer within {:g} s",
                                  static_cast<double>(timeout.count()) / 1000),
                      "allow more time with --timeout; \"tollgate open\" works without it");
    }
    return failed(Exit::unreachable,
                  "unreachable",
                  "the agent closed the connection without an answer",
                  kUnreachableHint);
}

}  // namespace

Answer failed(Exit exit, const char* code, std::string message, std::string hint) {
    Json body = envelope("Error");
    body["error"] = {{"code", code}, {"message", std::move(message)}};
    if (!hint.empty()) {
        body["error"]["hint"] = std::move(hint);
    }
    return {exit, std::move(body)};
}

Answer Client::get(const std::string& path) const {
    if (auto failure = unreachable(socket_)) {
        return *std::move(failure);
    }
    const auto begin = Clock::now();
    auto client = connection(socket_, timeout_);
    const httplib::Result result = client.Get(path);
    return result ? parsed(result->status, result->body) : no_answer(begin, timeout_);
}

Answer Client::post(const std::string& path, const Json& body) const {
    if (auto failure = unreachable(socket_)) {
        return *std::move(failure);
    }
    const auto begin = Clock::now();
    auto client = connection(socket_, timeout_);
    const auto content = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    const httplib::Result result = client.Post(path, content, "application/json");
    return result ? parsed(result->status, result->body) : no_answer(begin, timeout_);
}

Answer Client::stream(const std::string& path, bool follow, const LineVisitor& visit) const {
    if (auto failure = unreachable(socket_)) {
        return *std::move(failure);
    }
    constexpr auto kForever = std::chrono::hours{24 * 365};
    const auto begin = Clock::now();
    auto client = connection(socket_, timeout_);
    if (follow) {
        client.set_read_timeout(kForever);
    }
    int status = 0;
    std::string rest;
    const auto receive_head = [&status](const httplib::Response& response) {
        status = response.status;
        return true;
    };
    const auto receive = [&](const char* bytes, std::size_t size) {
        rest.append(bytes, size);
        for (std::size_t end = rest.find('\n'); status < 400 && end != std::string::npos;
             end = rest.find('\n')) {
            visit(std::string_view{rest}.substr(0, end));
            rest.erase(0, end + 1);
        }
        return true;
    };
    const httplib::Result result = client.Get(path, receive_head, receive);
    if (status >= 400) {
        return parsed(status, rest);
    }
    return result ? Answer{} : no_answer(begin, timeout_);
}

Result<std::string> get_plain(const std::string& address,
                              const std::string& path,
                              std::chrono::milliseconds timeout) {
    constexpr int kOk = 200;
    httplib::Client client{"http://" + address};
    client.set_connection_timeout(timeout);
    client.set_read_timeout(timeout);
    const httplib::Result result = client.Get(path);
    if (!result) {
        return failure("nobody answers at " + address);
    }
    return result->status == kOk
               ? Result<std::string>{result->body}
               : failure(fmt::format("{} answers with HTTP {}", address, result->status));
}

std::string url_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool unreserved = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                                std::string_view{"-._~"}.find(c) != std::string_view::npos;
        encoded +=
            unreserved ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

}  // namespace tollgate::cli
