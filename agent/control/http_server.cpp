// SPDX-License-Identifier: MIT
#include "agent/control/http_server.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <sstream>
#include <thread>

#include <grp.h>
#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/control/http_queue.hpp"

namespace tollgate::agent {

namespace {

using Time = HttpQueue::Time;

constexpr int kAnyPort = 1;  // of no meaning on a Unix socket, but not zero
constexpr std::chrono::milliseconds kWriteTime{5000};
constexpr std::chrono::milliseconds kLookAgain{50};
constexpr int kUnsupportedMediaType = 415;
constexpr std::size_t kHeadBytesMax = 16384;
constexpr std::size_t kWaitingMax = 64;
constexpr std::size_t kGroupsMax = 65536;  // of Linux

std::optional<ucred> caller_of(int socket) {
    ucred caller{};
    socklen_t size = sizeof caller;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &caller, &size) != 0 || caller.pid == 0) {
        return std::nullopt;
    }
    return caller;
}

// "1000 100 27": the user, his group, the others that he was in when he connected.
std::string ids_of(int socket, const ucred& caller) {
    std::string ids = fmt::format("{} {}", caller.uid, caller.gid);
    std::vector<gid_t> groups(kGroupsMax);
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) == 0) {
        groups.resize(size / sizeof(gid_t));
        for (const gid_t group : groups) {
            ids += fmt::format(" {}", group);
        }
    }
    return ids;
}

// One connection. What takes long is given a share of the time that is less the more others wait,
// so that clients who say nothing, or take nothing, keep nobody out for longer than that time. What
// is there already is always taken.
class Connection : public httplib::Stream {
  public:
    Connection(int socket, const HttpQueue& queue, const HttpLimits& limits)
        : socket_{socket},
          queue_{queue},
          limits_{limits},
          accepted_{HttpQueue::accepted()},
          left_bytes_{kHeadBytesMax + limits.body_bytes} {}

    [[nodiscard]] bool is_readable() const override {
        return wait(POLLIN, accepted_, limits_.request_time);
    }
    [[nodiscard]] bool is_writable() const override { return may_write() && !is_gone(); }

    ssize_t read(char* buffer, size_t size) override {
        if (left_bytes_ == 0 || !is_readable()) {
            return -1;
        }
        const ssize_t count = ::recv(socket_, buffer, std::min(size, left_bytes_), MSG_DONTWAIT);
        left_bytes_ -= count > 0 ? static_cast<std::size_t>(count) : 0;
        return count;
    }
    ssize_t write(const char* buffer, size_t size) override {
        std::size_t done = 0;
        while (done < size) {
            if (!may_write()) {
                return -1;
            }
            const ssize_t count =
                ::send(socket_, buffer + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (count < 0 && errno != EAGAIN && errno != EINTR) {
                return -1;
            }
            done += count > 0 ? static_cast<std::size_t>(count) : 0;
        }
        return static_cast<ssize_t>(size);
    }
    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        const auto caller = caller_of(socket_);
        ip = caller ? ids_of(socket_, *caller) : std::string{};
        port = caller ? caller->pid : 0;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    [[nodiscard]] socket_t socket() const override { return socket_; }

  private:
    [[nodiscard]] bool may_write() const {
        if (limits_.answer_time == std::chrono::milliseconds::zero()) {
            return wait(POLLOUT, Time::now(), kWriteTime);
        }
        answer_begun_ = answer_begun_.value_or(Time::now());
        return wait(POLLOUT, *answer_begun_, limits_.answer_time);
    }

    [[nodiscard]] bool wait(short events,
                            Time::time_point since,
                            std::chrono::milliseconds time) const {
        for (;;) {
            const auto share = time / (1 + static_cast<int>(queue_.waiting()));
            const auto left = std::max(
                std::chrono::duration_cast<std::chrono::milliseconds>(since + share - Time::now()),
                std::chrono::milliseconds::zero());
            pollfd waited{socket_, events, 0};
            if (::poll(&waited, 1, static_cast<int>(std::min(left, kLookAgain).count())) != 0) {
                return (waited.revents & events) != 0;
            }
            if (left <= kLookAgain) {
                return false;
            }
        }
    }

    [[nodiscard]] bool is_gone() const {
        char byte = 0;
        return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    }

    int socket_;
    const HttpQueue& queue_;
    const HttpLimits& limits_;
    Time::time_point accepted_;
    std::size_t left_bytes_;  ///< of the request
    mutable std::optional<Time::time_point> answer_begun_;
};

HttpRequest to_request(const httplib::Request& request, bool unix_socket) {
    HttpRequest converted{request.method, request.path, {}, request.body, {}, 0, {}};
    for (const auto& [key, value] : request.params) {
        converted.query[key] = value;
    }
    if (unix_socket && !request.remote_addr.empty()) {
        std::istringstream ids{request.remote_addr};
        uid_t uid = 0;
        if (ids >> uid) {
            converted.uid = uid;
        }
        for (gid_t group = 0; ids >> group;) {
            converted.groups.push_back(group);
        }
        converted.pid = request.remote_port;
    }
    return converted;
}

// What cpp-httplib would do, and multiplies the work of a request: each range of an answer is
// another copy of it, and brotli takes seconds.
void drop_multipliers(httplib::Request& request) {
    request.ranges.clear();
    const bool gzip = request.get_header_value("Accept-Encoding").find("gzip") != std::string::npos;
    request.headers.erase("Accept-Encoding");
    if (gzip) {
        request.headers.emplace("Accept-Encoding", "gzip");
    }
}

// Before the body is read: a packed one has no size that is known.
httplib::Server::HandlerResponse refuse_packed(const httplib::Request& request,
                                               httplib::Response& response) {
    if (!request.has_header("Content-Encoding")) {
        return httplib::Server::HandlerResponse::Unhandled;
    }
    response.status = kUnsupportedMediaType;
    response.set_content("send the body as it is, without a Content-Encoding\n", "text/plain");
    return httplib::Server::HandlerResponse::Handled;
}

}  // namespace

class HttpServer::Listener : public httplib::Server {
  public:
    Listener(const HttpLimits& limits, HttpHandler handler, bool unix_socket)
        : handler_{std::move(handler)}, limits_{limits}, unix_{unix_socket} {
        new_task_queue = [this] {
            queue_ = new HttpQueue(limits_.threads, kWaitingMax);  // deleted by the base
            return queue_;
        };
        set_payload_max_length(limits.body_bytes);
        set_pre_routing_handler(refuse_packed);
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

    void take(FileDescriptor listening) { svr_sock_ = listening.release(); }

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
        Connection connection{socket, *queue_, limits_};
        bool closed = false;
        const bool answered = process_request(connection, true, closed, drop_multipliers);
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
    HttpLimits limits_;
    bool unix_;
    HttpQueue* queue_ = nullptr;
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
    ::listen(listener->socket(), kWaitingMax);
    // Without such a group the socket is root's alone.
    if (const ::group* entry = ::getgrnam(group.c_str());
        entry != nullptr && ::chown(path.c_str(), 0, entry->gr_gid) == 0) {
        ::chmod(path.c_str(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP);
    }
    listener->start();
    return std::unique_ptr<HttpServer>{new HttpServer(std::move(listener))};
}

std::unique_ptr<HttpServer> HttpServer::serve_tcp(FileDescriptor listening,
                                                  const HttpLimits& limits,
                                                  HttpHandler handler) {
    auto listener = std::make_unique<Listener>(limits, std::move(handler), false);
    listener->take(std::move(listening));
    listener->start();
    return std::unique_ptr<HttpServer>{new HttpServer(std::move(listener))};
}

}  // namespace tollgate::agent
