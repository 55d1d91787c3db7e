// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <httplib.h>

namespace tollgate::test {

/// A server that answers on 127.0.0.1 until this is destroyed.
class ServingThread {
  public:
    explicit ServingThread(httplib::Server& server)
        : server_{server}, port_{server.bind_to_any_port("127.0.0.1")}, thread_{[&server] {
              server.listen_after_bind();
          }} {
        while (!server.is_running()) {
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
        }
    }
    ServingThread(const ServingThread&) = delete;
    ServingThread& operator=(const ServingThread&) = delete;
    ~ServingThread() {
        server_.stop();
        thread_.join();
    }

    [[nodiscard]] int port() const { return port_; }

  private:
    httplib::Server& server_;
    int port_;
    std::thread thread_;
};

/// Has the library make the tables that all servers share, in threads that have ended when this
/// returns. They are made once, under a guard, which the thread sanitizer cannot see in Debian's
/// build of the library: it would take the first two requests for a race.
inline void make_tables_of_servers() {
    static const bool kMade = [] {
        httplib::Server server;
        const ServingThread serving{server};
        return static_cast<bool>(httplib::Client{"127.0.0.1", serving.port()}.Get("/"));
    }();
    if (!kMade) {
        throw std::runtime_error{"no HTTP server on 127.0.0.1"};
    }
}

/// A receiver of batches on 127.0.0.1 that answers as it is told, and keeps what comes.
class HttpReceiver {
  public:
    struct Answer {
        int status = 204;
        std::string retry_after{};
        std::chrono::milliseconds after{0};
    };
    struct Received {
        std::string id;
        std::string body;
        std::string content_type;
        std::string authorization;
        std::chrono::steady_clock::time_point at;
    };

    explicit HttpReceiver(
        std::unique_ptr<httplib::Server> server = std::make_unique<httplib::Server>())
        : server_{std::move(server)} {
        make_tables_of_servers();
        server_->new_task_queue = [] {
            return new httplib::ThreadPool(2);
        };
        server_->Post(".*", [this](const httplib::Request& request, httplib::Response& response) {
            serve(request, response);
        });
        serving_.emplace(*server_);
    }

    [[nodiscard]] int port() const { return serving_->port(); }
    /// The next answers; after them it is 204.
    void answer_with(std::deque<Answer> answers) {
        const std::lock_guard lock{mutex_};
        answers_ = std::move(answers);
    }
    /// All requests, repeats too.
    [[nodiscard]] std::vector<Received> requests() const {
        const std::lock_guard lock{mutex_};
        return requests_;
    }
    /// As a receiver that knows batches by their id: what it has kept of those that it took.
    [[nodiscard]] std::map<std::string, std::string> batches() const {
        const std::lock_guard lock{mutex_};
        return batches_;
    }

  private:
    void serve(const httplib::Request& request, httplib::Response& response) {
        Answer answer;
        {
            const std::lock_guard lock{mutex_};
            const std::string id = request.get_header_value("Idempotency-Key");
            requests_.push_back({id,
                                 request.body,
                                 request.get_header_value("Content-Type"),
                                 request.get_header_value("Authorization"),
                                 std::chrono::steady_clock::now()});
            if (!answers_.empty()) {
                answer = answers_.front();
                answers_.pop_front();
            }
            if (answer.status < 400 ||
                answer.status == 503) {  // 503: it has it, and says it has not
                batches_[id] = request.body;
            }
        }
        std::this_thread::sleep_for(answer.after);
        response.status = answer.status;
        if (!answer.retry_after.empty()) {
            response.set_header("Retry-After", answer.retry_after);
        }
    }

    std::unique_ptr<httplib::Server> server_;
    mutable std::mutex mutex_;
    std::deque<Answer> answers_;
    std::vector<Received> requests_;
    std::map<std::string, std::string> batches_;
    std::optional<ServingThread> serving_;  ///< the last, as it uses the others
};

}  // namespace tollgate::test
