// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <tollgate/result.hpp>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

struct HttpRequest {
    std::string method;  ///< "GET", "POST"
    std::string path;
    std::map<std::string, std::string> query;
    std::string body;
    std::optional<uid_t> uid;     ///< of the caller (SO_PEERCRED); only on a Unix socket
    pid_t pid = 0;                ///< of the caller, when it connected
    std::vector<gid_t> groups{};  ///< of the caller, the first of which is its own
};

struct HttpResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    /// If set, the body goes on with what this returns, until it returns none or the client goes.
    /// It may wait, but only for moments.
    std::function<std::optional<std::string>()> more;
};

/// Called by several threads at once.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

struct HttpLimits {
    std::size_t body_bytes = 0;
    std::size_t threads = 2;                       ///< requests at the same time
    std::chrono::milliseconds request_time{5000};  ///< to read a request as a whole
    std::chrono::milliseconds answer_time{0};      ///< to take an answer; 0: for each part 5 s
};

/// A small HTTP/1.1 server: GET and POST, one request for each connection, every request bounded in
/// size and time. Owns its threads. Many connections may come at once: few are accepted at a time,
/// and the more wait, the shorter is the patience with each.
class HttpServer {
  public:
    /// Serves on a Unix socket with mode 0660 for root and, if there is such a group, `group`. What
    /// an earlier server left under this path is removed.
    [[nodiscard]] static Result<std::unique_ptr<HttpServer>> listen_unix(
        const std::filesystem::path& path,
        const std::string& group,
        const HttpLimits& limits,
        HttpHandler handler);

    /// Serves on a TCP socket that listens.
    [[nodiscard]] static std::unique_ptr<HttpServer> serve_tcp(FileDescriptor listening,
                                                               const HttpLimits& limits,
                                                               HttpHandler handler);

    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    /// Ends running answers and waits for the threads. The handler must not block then.
    ~HttpServer();

  private:
    class Listener;
    explicit HttpServer(std::unique_ptr<Listener> listener);

    std::unique_ptr<Listener> listener_;
};

}  // namespace tollgate::agent
