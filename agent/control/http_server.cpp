// SPDX-License-Identifier: MIT
#include "agent/control/http_server.hpp"

#include <atomic>
#include <cerrno>
#include <thread>

#include <grp.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/system/file_descriptor.hpp"

namespace tollgate::agent {

namespace {

using Time = std::chrono::steady_clock;

constexpr int kAnyPort = 1;  // of no meaning on a Unix socket, but not zero
constexpr std::chrono::milliseconds kWriteTime{5000};

std::optional<uid_t> caller_of(int socket) {
    ucred caller{};
    socklen_t size = sizeof caller;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &caller, &size) != 0 || caller.pid == 0) {
        return std::nullopt;
    }
    return caller.uid;
}

// One connection, with a deadline for the request as a whole: a byte now and then is not enough.
class Connection : public httplib::Stream {
  public:
    Connection(int socket, Time::time_point deadline) : socket_{socket}, deadline_{deadline} {}

    [[nodiscard]] bool is_readable() const override { return wait(POLLIN, left()); }
    [[nodiscard]] bool is_writable() const override {
        return wait(POLLOUT, kWriteTime) && !is_gone();
    }

    ssize_t read(char* buffer, size_t size) override {
        return is_readable() ? ::recv(socket_, buffer, size, 0) : -1;
    }
    ssize_t write(const char* buffer, size_t size) override {
        return wait(POLLOUT, kWriteTime) ? ::send(socket_, buffer, size, MSG_NOSIGNAL) : -1;
    }
    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        const auto uid = caller_of(socket_);
        ip = uid ? std::to_string(*uid) : std::string{};
        port = 0;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    [[nodiscard]] socket_t socket() const override { return socket_; }

  private:
    [[nodiscard]] std::chrono::milliseconds left() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Time::now());
    }

    [[nodiscard]] bool wait(short events, std::chrono::milliseconds time) const {
        pollfd waited{socket_, events, 0};
        return time.count() > 0 && ::poll(&waited, 1, static_cast<int>(time.count())) > 0 &&
               (waited.revents & events) != 0;
    }

    [[nodiscard]] bool is_gone() const {
        char byte = 0;
        return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }

    int socket_;
    Time::time_point deadline_;
};

HttpRequest to_request(const httplib::Request& request, bool unix_socket) {
    HttpRequest converted{request.method, request.path, {}, request.body, {}};
    for (const auto& [key, value] : request.params) {
        converted.query[key] = value;
    }
    if (unix_socket && !request.remote_addr.empty()) {
        converted.uid = static_cast<uid_t>(std::stoul(request.remote_addr));
    }
    return converted;
}

}  // namespace

class HttpServer::Listener : public httplib::Server {
  public:
    Listener(const HttpLimits& limits, HttpHandler handler, bool unix_socket)
        : handler_{std::move(handler)}, request_time_{limits.request_time}, unix_{unix_socket} {
        const std::size_t threads = limits.threads;
        new_task_queue = [threads] {
            return new httplib::ThreadPool(threads);
        };
        set_payload_max_length(limits.body_bytes);
        const auto serve = [this](const httplib::Request& request, httplib::Response& response) {
            answer(request, response);
        };
        Get(".*", serve);
        Post(".*", serve);
    }

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    ~Listener() override {
        ending_ = true;
        stop();
        if (thread_.joinable()) {
            thread_.join();
        }
    }

    void start() {
        thread_ = std::thread{[this] {
            listen_after_bind();
        }};
        // stop() before the loop has begun would be lost.
        while (!is_running()) {
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
    }

    [[nodiscard]] int socket() const { return svr_sock_; }

  private:
    bool process_and_close_socket(socket_t socket) override {
        Connection connection{socket, Time::now() + request_time_};
        bool closed = false;
        const bool answered = process_request(connection, true, closed, {});
        ::shutdown(socket, SHUT_RDWR);
        ::close(socket);
        return answered;
    }

    void answer(const httplib::Request& request, httplib::Response& response) {
        HttpResponse made = handler_(to_request(request, unix_));
        response.status = made.status;
        if (!made.more) {
            response.set_content(made.body, made.content_type);
            return;
        }
        const std::string content_type = made.content_type;
        response.set_chunked_content_provider(
            content_type,
            [this, made = std::move(made), begun = false](size_t /*offset*/,
                                                          httplib::DataSink& sink) mutable {
                if (!begun) {
                    begun = true;
                    return send(made.body, sink);
                }
                const auto part = ending_ ? std::nullopt : made.more();
                if (!part) {
                    sink.done();
                    return true;
                }
                return send(*part, sink);
            });
    }

    static bool send(const std::string& part, httplib::DataSink& sink) {
        return sink.is_writable() && (part.empty() || sink.write(part.data(), part.size()));
    }

    HttpHandler handler_;
    std::chrono::milliseconds request_time_;
    bool unix_;
    std::atomic<bool> ending_ = false;
    std::thread thread_;
};

HttpServer::HttpServer(std::unique_ptr<Listener> listener) : listener_{std::move(listener)} {}

HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::listen_unix(const std::filesystem::path& path,
                                                            const std::string& group,
                                                            const HttpLimits& limits,
                                                            HttpHandler handler) {
    ::unlink(path.c_str());
    auto listener = std::make_unique<Listener>(limits, std::move(handler), true);
    listener->set_address_family(AF_UNIX);
    const mode_t umask = ::umask(S_IXUSR | S_IRWXG | S_IRWXO);
    const bool bound = listener->bind_to_port(path.string(), kAnyPort);
    const int error = errno;
    ::umask(umask);
    if (!bound) {
        return failure(error, fmt::format("listen on {}", path.string()));
    }
    // Without such a group the socket is root's alone.
    if (const ::group* entry = ::getgrnam(group.c_str());
        entry != nullptr && ::chown(path.c_str(), 0, entry->gr_gid) == 0) {
        ::chmod(path.c_str(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP);
    }
    listener->start();
    return std::unique_ptr<HttpServer>{new HttpServer(std::move(listener))};
}

Result<std::unique_ptr<HttpServer>> HttpServer::listen_tcp(const std::string& host,
                                                           std::uint16_t port,
                                                           const HttpLimits& limits,
                                                           HttpHandler handler) {
    auto listener = std::make_unique<Listener>(limits, std::move(handler), false);
    if (!listener->bind_to_port(host, port)) {
        return failure(errno, fmt::format("listen on {}, port {}", host, port));
    }
    listener->start();
    return std::unique_ptr<HttpServer>{new HttpServer(std::move(listener))};
}

}  // namespace tollgate::agent
