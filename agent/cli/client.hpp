// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <tollgate/result.hpp>

#include "agent/cli/exit.hpp"
#include "agent/cli/json.hpp"

namespace tollgate::cli {

/// What came of a call to the agent.
struct Answer {  // NOLINT(bugprone-exception-escape): moving a Json is noexcept in fact
    Exit exit = Exit::ok;
    /// The object as received. If the call failed, one of kind Error: the agent's, or one made here
    /// with the code "unreachable", "forbidden", "timeout" or "internal".
    Json body;

    [[nodiscard]] bool ok() const { return exit == Exit::ok; }
    [[nodiscard]] std::string message() const { return text(object(body, "error"), "message"); }
    [[nodiscard]] std::string hint() const { return text(object(body, "error"), "hint"); }
};

/// A failed Answer that is made here.
[[nodiscard]] Answer failed(Exit exit,
                            const char* code,
                            std::string message,
                            std::string hint = "");

/// Calls of docs/control-api.md, over the agent's Unix socket.
class Client {
  public:
    Client(std::filesystem::path socket, std::chrono::milliseconds timeout)
        : socket_(std::move(socket)), timeout_(timeout) {}

    [[nodiscard]] Answer get(const std::string& path) const;
    [[nodiscard]] Answer post(const std::string& path, const Json& body) const;

    /// Gets JSON lines and hands out each without its line break, as soon as it is there.
    /// @param follow  the agent may be silent for as long as it likes
    using LineVisitor = std::function<void(std::string_view)>;
    [[nodiscard]] Answer stream(const std::string& path,
                                bool follow,
                                const LineVisitor& visit) const;

  private:
    std::filesystem::path socket_;
    std::chrono::milliseconds timeout_;
};

/// The body of an HTTP answer without our envelope, as metrics are.
/// @param address  "127.0.0.1:9586", "[::1]:9586"
[[nodiscard]] Result<std::string> get_plain(const std::string& address,
                                            const std::string& path,
                                            std::chrono::milliseconds timeout);

/// `text` for a query of a path (RFC 3986, 2.1).
[[nodiscard]] std::string url_encoded(std::string_view text);

}  // namespace tollgate::cli
