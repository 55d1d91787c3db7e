// SPDX-License-Identifier: MIT
#include "agent/cli/watch_command.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "agent/cli/watch_source.hpp"
#include "agent/cli/watch_view.hpp"
#include "agent/cli/watch_window.hpp"

namespace tollgate::cli {
namespace {

using watch::Sample;
using Outcome = std::variant<Sample, std::string>;

constexpr std::chrono::milliseconds kPatience{2000};  // a user who quits waits as long

std::atomic<bool> ended = false;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

/// While it lives, signals that end a program end the loop instead, so that the terminal is given
/// back.
class EndOnSignal {
  public:
    EndOnSignal() {
        struct sigaction action {};
        action.sa_handler = [](int) {
            ended = true;
        };
        for (std::size_t i = 0; i < kSignals.size(); ++i) {
            ::sigaction(kSignals.at(i), &action, &before_.at(i));
        }
    }
    ~EndOnSignal() {
        for (std::size_t i = 0; i < kSignals.size(); ++i) {
            ::sigaction(kSignals.at(i), &before_.at(i), nullptr);
        }
    }
    EndOnSignal(const EndOnSignal&) = delete;
    EndOnSignal& operator=(const EndOnSignal&) = delete;

  private:
    static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    std::array<struct sigaction, kSignals.size()> before_{};
};

/// Asks the agent again and again, beside the loop that draws: an agent that hangs does not hold up
/// the keys.
class Sampler {
  public:
    Sampler(Client client, std::chrono::milliseconds interval)
        : client_{std::move(client)}, interval_{interval} {}

    /// What has come since the last time.
    [[nodiscard]] std::optional<Outcome> take() {
        const std::lock_guard lock{mutex_};
        return std::exchange(news_, std::nullopt);
    }

  private:
    void run(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            Outcome outcome = watch::take_sample(client_);
            std::unique_lock lock{mutex_};
            news_ = std::move(outcome);
            wake_.wait_for(lock, stop, interval_, [] { return false; });
        }
    }

    Client client_;
    std::chrono::milliseconds interval_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::optional<Outcome> news_;
    std::jthread thread_{[this](const std::stop_token& stop) {
        run(stop);
    }};
};

void show(const watch::Window& window, Sampler& sampler) {
    watch::View view;
    for (bool goes_on = true; goes_on && !ended;) {
        if (auto news = sampler.take()) {
            if (auto* sample = std::get_if<Sample>(&*news)) {
                view.take(std::move(*sample));
            } else {
                view.miss(std::get<std::string>(*news));
            }
        }
        window.draw(view.render(window.size()));
        if (const auto key = window.key()) {
            goes_on = view.press(*key);
        }
    }
}

Exit watch_agent(const Cli& cli, double interval_seconds) {
    const char* no_color = std::getenv("NO_COLOR");
    const bool color = cli.options.color == "always" ||
                       (cli.options.color == "auto" && (no_color == nullptr || *no_color == '\0'));
    ended = false;
    const EndOnSignal end_on_signal;
    auto window = watch::Window::open(color);
    if (!window) {
        return cli.fail(Exit::failure,
                        window.error().message(),
                        "tollgate observe -f prints lines, tollgate status the counters");
    }
    const auto interval = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::duration<double>{interval_seconds});
    Sampler sampler{{cli.options.socket, std::min(kPatience, cli.options.timeout())}, interval};
    show(*window, sampler);
    return Exit::ok;
}

}  // namespace

void add_watch_command(CLI::App& app, Cli& cli) {
    auto interval = std::make_shared<double>(1);
    CLI::App* command = app.add_subcommand(
        "watch", "Flows, drops and tunnel peers, live; ? says which keys do what");
    command->add_option("--interval", *interval, "Seconds between two looks")
        ->type_name("SECONDS")
        ->check(CLI::Range(0.2, 60.0).description(""))
        ->capture_default_str();
    command->callback([&cli, interval] {
        cli.action = [&cli, interval] {
            return watch_agent(cli, *interval);
        };
    });
}

}  // namespace tollgate::cli
