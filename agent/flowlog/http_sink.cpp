// SPDX-License-Identifier: MIT
#include "agent/flowlog/http_sink.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include <pthread.h>

#include <fmt/format.h>

#include "agent/flowlog/batch_store.hpp"
#include "agent/flowlog/http_post.hpp"
#include "agent/flowlog/late_sink.hpp"
#include "agent/flowlog/record_json.hpp"
#include "agent/flowlog/retry_delay.hpp"
#include "agent/report/log.hpp"
#include "agent/system/file.hpp"
#include "agent/tunnel/key_file.hpp"

namespace tollgate::agent {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view kName = "http";
constexpr std::size_t kCaFileMost = std::size_t{4} << 20U;
constexpr std::chrono::milliseconds kEndTime{500};

// Another one for each run, so that no two batches ever have the same id.
std::string run_id() {
    std::random_device random;
    return fmt::format("{:08x}{:08x}", random(), random());
}

// What the thread that sends and the flow log's thread share. It lives as long as either: a thread
// that hangs in the resolver cannot be waited for.
class Courier {
  public:
    Courier(const HttpSinkOptions& options, HttpPost::Options post, std::optional<Spool> spool)
        : collector_{options.url},
          post_{std::move(post)},
          store_{std::move(spool), options.memory_bytes},
          delay_{options.retry_first, options.retry_most},
          retry_most_{options.retry_most} {}

    void hand_over(Batch batch) {
        const std::lock_guard lock{mutex_};
        store_.push(std::move(batch));
        changed_.notify_all();
    }

    [[nodiscard]] SinkCounters counters() const {
        const std::lock_guard lock{mutex_};
        SinkCounters counters = store_.counters();
        counters.errors += errors_;
        return counters;
    }

    [[nodiscard]] std::string problem() const {
        const std::lock_guard lock{mutex_};
        return problem_;
    }

    // Sends until it is stopped.
    void run() {
        std::unique_lock lock{mutex_};
        while (!stopping_) {
            if (Clock::now() < retry_at_) {
                changed_.wait_until(lock, retry_at_, [this] { return stopping_; });
                continue;
            }
            const auto batch = store_.take();
            if (!batch) {
                changed_.wait(lock);
                continue;
            }
            lock.unlock();
            const PostOutcome outcome = post_.post(*batch);
            lock.lock();
            if (!stopping_) {
                settle(*batch, outcome);
                changed_.notify_all();
            }
        }
        ended_ = true;
        changed_.notify_all();
    }

    // Waits until all is sent, sending fails, or patience ends; then what waits is kept.
    void close(std::chrono::milliseconds patience) {
        std::unique_lock lock{mutex_};
        changed_.wait_for(
            lock, patience, [this] { return store_.counters().waiting == 0 || !problem_.empty(); });
        stopping_ = true;
        store_.keep();
        changed_.notify_all();
        lock.unlock();
        post_.stop();
        lock.lock();
        changed_.wait_for(lock, kEndTime, [this] { return ended_; });
    }

  private:
    void settle(const Batch& batch, const PostOutcome& outcome) {
        switch (outcome.kind) {
            case PostOutcome::Kind::delivered:
                store_.written();
                delay_.reset();
                if (!std::exchange(problem_, {}).empty()) {
                    log(LogLevel::info,
                        "flow_log.recovered",
                        {{"sink", kName}, {"collector", collector_}});
                }
                return;
            case PostOutcome::Kind::refused:
                store_.lost();
                return fail("flow_log.refused", outcome, batch);
            case PostOutcome::Kind::retry:
                store_.put_back();
                const auto asked =
                    std::min<std::chrono::milliseconds>(outcome.retry_after, retry_most_);
                retry_at_ = Clock::now() + std::max(delay_.next(), asked);
                return fail("flow_log.failed", outcome, batch);
        }
    }

    // Once per outage.
    void fail(std::string_view event, const PostOutcome& outcome, const Batch& batch) {
        ++errors_;
        if (std::exchange(problem_, outcome.error).empty()) {
            log(LogLevel::warn,
                event,
                {{"sink", kName},
                 {"collector", collector_},
                 {"error", outcome.error},
                 {"records", batch.records}});
        }
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::string collector_;
    HttpPost post_;
    BatchStore store_;
    RetryDelay delay_;
    std::chrono::milliseconds retry_most_;
    Clock::time_point retry_at_{};
    std::string problem_;  ///< empty: the last batch has arrived
    bool stopping_ = false;
    bool ended_ = false;
    std::uint64_t errors_ = 0;
};

// TLS writes to the socket in a way that raises SIGPIPE when the receiver has hung up.
void send_all(const std::shared_ptr<Courier>& courier) {
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    courier->run();
}

class HttpSink : public FlowLogSink {
  public:
    HttpSink(HttpSinkOptions options, std::shared_ptr<Courier> courier)
        : options_{std::move(options)}, courier_{std::move(courier)}, run_{run_id()} {
        std::thread{[shared = courier_] {
            send_all(shared);
        }}.detach();
    }
    HttpSink(const HttpSink&) = delete;
    HttpSink& operator=(const HttpSink&) = delete;
    ~HttpSink() override {
        if (!closed_) {
            end(std::chrono::milliseconds{0});
        }
    }

    [[nodiscard]] std::string_view name() const override { return kName; }

    void write(std::span<const FlowLogRecord> records) override {
        for (const FlowLogRecord& record : records) {
            add(record);
        }
    }

    void flush(Clock::time_point now) override {
        if (batch_.records > 0 && now - begun_ >= options_.batch_age) {
            hand_over();
        }
    }

    void close(std::chrono::milliseconds patience) override { end(patience); }

    [[nodiscard]] SinkCounters counters() const override {
        SinkCounters counters = courier_->counters();
        counters.waiting += batch_.records;
        return counters;
    }

    [[nodiscard]] std::string problem() const override { return courier_->problem(); }

  private:
    void add(const FlowLogRecord& record) {
        const std::size_t size = batch_.body.size();
        append_json(batch_.body, record);
        batch_.body += '\n';
        if (batch_.records > 0 && batch_.body.size() > options_.batch_bytes) {
            std::string line = batch_.body.substr(size);
            batch_.body.resize(size);
            hand_over();
            batch_.body = std::move(line);
        }
        if (batch_.records++ == 0) {
            begun_ = Clock::now();
        }
        if (batch_.records == options_.batch_records) {
            hand_over();
        }
    }

    void hand_over() {
        batch_.id = fmt::format("{}-{}", run_, ++batches_);
        courier_->hand_over(std::exchange(batch_, {}));
    }

    void end(std::chrono::milliseconds patience) {
        if (batch_.records > 0) {
            hand_over();
        }
        courier_->close(patience);
        closed_ = true;
    }

    HttpSinkOptions options_;
    std::shared_ptr<Courier> courier_;
    std::string run_;
    std::uint64_t batches_ = 0;
    Batch batch_;  ///< in the making
    Clock::time_point begun_{};
    bool closed_ = false;
};

template <typename Value>
Result<void> check_range(std::string_view name, Value value, Value least, Value most) {
    if (value < least || value > most) {
        return failure(fmt::format("{} of an HTTP receiver is out of range", name));
    }
    return {};
}

Result<void> check_ranges(const HttpSinkOptions& options) {
    using Bytes = std::size_t;
    using DiskBytes = std::uint64_t;
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    const std::array checks{
        check_range<Bytes>("batch_records", options.batch_records, 1, 10'000),
        check_range<Bytes>("batch_bytes", options.batch_bytes, Bytes{4} << 10U, Bytes{8} << 20U),
        check_range("batch_age", options.batch_age, seconds{1}, seconds{300}),
        check_range("timeout", options.timeout, milliseconds{100}, milliseconds{60'000}),
        check_range("retry_first", options.retry_first, milliseconds{10}, milliseconds{60'000}),
        check_range("retry_most", options.retry_most, options.retry_first, milliseconds{3'600'000}),
        check_range<Bytes>(
            "memory_bytes", options.memory_bytes, Bytes{64} << 10U, Bytes{64} << 20U),
        check_range("spool_bytes", options.spool_bytes, DiskBytes{1} << 20U, DiskBytes{16} << 30U),
    };
    for (const auto& check : checks) {
        if (!check) {
            return check;
        }
    }
    return {};
}

Result<HttpUrl> check(const HttpSinkOptions& options) {
    if (const auto checked = check_ranges(options); !checked) {
        return Failure{checked.error()};
    }
    const auto url = HttpUrl::parse(options.url);
    if (!url) {
        return failure(fmt::format("{} is no http or https URL", options.url));
    }
    if (!options.token_file.empty() && !url->is_private()) {
        return failure("a token is sent over https only, or to this host");
    }
    return *url;
}

Result<HttpPost::Options> post_options(const HttpSinkOptions& options, const HttpUrl& url) {
    HttpPost::Options made;
    made.url = url;
    made.ca_file = options.ca_file;
    made.timeout = options.timeout;
    if (!options.ca_file.empty()) {
        const auto certificates = read_file(options.ca_file, kCaFileMost);
        if (!certificates) {
            return Failure{certificates.error()};
        }
        if (certificates->find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
            return failure(fmt::format("{} holds no certificate (PEM)", options.ca_file.string()));
        }
    }
    if (!options.token_file.empty()) {
        auto token = read_token_file(options.token_file);
        if (!token) {
            return Failure{token.error()};
        }
        made.token = std::move(*token);
    }
    return made;
}

LateSink::Made open_http_sink(const HttpSinkOptions& options, const HttpUrl& url) {
    auto post = post_options(options, url);
    if (!post) {
        return Failure{post.error()};
    }
    std::optional<Spool> spool;
    if (!options.spool_folder.empty()) {
        auto opened = Spool::open(options.spool_folder, {.bytes = options.spool_bytes});
        if (!opened) {
            return Failure{opened.error()};
        }
        if (opened->damaged_bytes() > 0) {
            log(LogLevel::warn,
                "flow_log.spool_damaged",
                {{"folder", options.spool_folder.string()}, {"bytes", opened->damaged_bytes()}});
        }
        spool = std::move(*opened);
    }
    return std::make_unique<HttpSink>(
        options, std::make_shared<Courier>(options, std::move(*post), std::move(spool)));
}

}  // namespace

Result<std::unique_ptr<FlowLogSink>> make_http_sink(const HttpSinkOptions& options) {
    const auto url = check(options);
    if (!url) {
        return Failure{url.error()};
    }
    return std::make_unique<LateSink>(
        kName, [options, url = *url] { return open_http_sink(options, url); });
}

}  // namespace tollgate::agent
