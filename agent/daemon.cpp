// SPDX-License-Identifier: MIT
#include "agent/daemon.hpp"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include "agent/control/control_api.hpp"
#include "agent/control/exporter.hpp"
#include "agent/control/exporter_service.hpp"
#include "agent/control/http_server.hpp"
#include "agent/control/tunnel_desk.hpp"
#include "agent/core/agent.hpp"
#include "agent/core/dns_service.hpp"
#include "agent/core/options.hpp"
#include "agent/core/policy_follower.hpp"
#include "agent/core/wg_changes.hpp"
#include "agent/datapath/inherited_pins.hpp"
#include "agent/report/log.hpp"
#include "agent/report/service_notify.hpp"
#include "agent/system/clock.hpp"
#include "agent/system/event_loop.hpp"
#include "agent/system/file.hpp"
#include "agent/system/route_watch.hpp"
#include "agent/system/startup_memory.hpp"
#include "agent/system/task_queue.hpp"
#include "agent/system/tcp_listener.hpp"
#include "agent/tunnel/tunnels.hpp"
#include "agent/tunnel_process/remote_tunnel.hpp"

namespace tollgate::agent {

namespace {

constexpr auto kTick = std::chrono::seconds{1};
constexpr auto kGroup = "tollgate";
constexpr mode_t kRunDirMode = 0750;

Unexpected<StartError> stop_with(ExitCode code, Error error) {
    return Unexpected<StartError>{StartError{code, std::move(error)}};
}

// One agent for each run folder; the lock goes with the process.
StartResult<FileDescriptor> lock_run_dir(const std::filesystem::path& run_dir) {
    if (auto made = make_folder(run_dir, kRunDirMode); !made) {
        return stop_with(ExitCode::failed, made.error());
    }
    const auto path = run_dir / "tollgated.lock";
    FileDescriptor lock{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR)};
    if (!lock) {
        return stop_with(ExitCode::failed,
                         failure(errno, fmt::format("open {}", path.string())).value());
    }
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        return stop_with(ExitCode::already_running,
                         Error{{},
                               fmt::format("another tollgated runs with {}; stop it, or give "
                                           "this one folders of its own",
                                           run_dir.string())});
    }
    return lock;
}

StartResult<std::unique_ptr<Gate>> open_gate(const Options& options) {
    auto gate = Gate::open(options.gate);
    if (!gate) {
        return stop_with(exit_code_of_open(gate.error()), gate.error());
    }
    return std::move(*gate);
}

/// The agent with its loop and its listeners.
class Daemon {
  public:
    static StartResult<std::unique_ptr<Daemon>> start(const Options& options) {
        if (::geteuid() != 0) {
            return stop_with(ExitCode::no_permission,
                             Error{{}, "tollgated needs root: run it with sudo"});
        }
        auto signals = SignalSource::block({SIGTERM, SIGINT, SIGHUP});
        auto loop = EventLoop::create();
        auto timer = Timer::create();
        auto queue = TaskQueue::create();
        for (const Error* error : {signals ? nullptr : &signals.error(),
                                   loop ? nullptr : &loop.error(),
                                   timer ? nullptr : &timer.error(),
                                   queue ? nullptr : &queue.error()}) {
            if (error != nullptr) {
                return stop_with(ExitCode::failed, *error);
            }
        }
        auto lock = lock_run_dir(options.run_dir);
        if (!lock) {
            return Unexpected<StartError>{lock.error()};
        }
        std::unique_ptr<Daemon> daemon{new Daemon(std::move(*signals),
                                                  std::move(*loop),
                                                  std::move(*timer),
                                                  std::move(*queue),
                                                  std::move(*lock))};
        auto prepared = daemon->prepare(options);
        return prepared ? StartResult<std::unique_ptr<Daemon>>{std::move(daemon)}
                        : Unexpected<StartError>{prepared.error()};
    }

    ExitCode run() {
        give_back_startup_memory();
        notify_service_manager("READY=1");
        log(LogLevel::info,
            "agent.started",
            {{"version", TOLLGATE_VERSION}, {"pid", static_cast<int>(::getpid())}});
        const auto ran = loop_.run();
        notify_service_manager("STOPPING=1");
        queue_->close();
        control_.reset();
        exporter_service_.reset();
        tunnels_.reset();
        wg_changes_->finish();
        agent_->stop();
        if (!ran) {
            log(LogLevel::error, "agent.failed", {{"error", ran.error().message()}});
            return ExitCode::failed;
        }
        log(LogLevel::info, "agent.stopped", {{"datapath", "stays"}});
        return ExitCode::stopped;
    }

  private:
    Daemon(SignalSource signals,
           EventLoop loop,
           Timer timer,
           std::unique_ptr<TaskQueue> queue,
           FileDescriptor lock)
        : lock_{std::move(lock)},
          signals_{std::move(signals)},
          loop_{std::move(loop)},
          timer_{std::move(timer)},
          queue_{std::move(queue)} {}

    StartResult<void> prepare(const Options& options) {
        auto gate = open_gate(options);
        if (!gate) {
            return Unexpected<StartError>{gate.error()};
        }
        auto agent = Agent::start(options, std::move(*gate), clock_);
        if (!agent) {
            if (agent.error().leaves_nothing) {
                static_cast<void>(undo_start(options.gate.pin_dir));
            }
            return Unexpected<StartError>{agent.error()};
        }
        agent_ = std::move(*agent);
        dns_.emplace(loop_, clock_);
        agent_->read_dns_by(*dns_);
        if (auto watched = watch(); !watched) {
            return stop_with(ExitCode::failed, watched.error());
        }
        start_tunnels(options);
        if (auto followed = follow_policy(options); !followed) {
            return stop_with(ExitCode::failed, followed.error());
        }
        tunnel_desk_ = std::make_unique<TunnelDesk>(*queue_, *tunnels_);
        const auto processes = [this] {
            return this->processes();
        };
        api_ = std::make_unique<ControlApi>(
            *queue_, *agent_, *tunnel_desk_, processes, RoleGroups::of_host());
        exporter_ = std::make_unique<Exporter>(*queue_, *agent_, *tunnel_desk_, processes, clock_);
        const HttpLimits limits{ControlApi::kBodyBytesMax, ControlApi::kThreads};
        auto control = HttpServer::listen_unix(
            options.run_dir / "control.sock", kGroup, limits, [this](const HttpRequest& request) {
                return api_->handle(request);
            });
        if (!control) {
            return stop_with(ExitCode::failed, control.error());
        }
        control_ = std::move(*control);
        return options.metrics ? serve_metrics(*options.metrics) : StartResult<void>{};
    }

    // Each in a process of its own.
    GateForTunnels with_processes(GateForTunnels gate) {
        gate.start = [this](const TunnelOptions& options) {
            return agent_->tunnel_place(options.name)
                .and_then([&](TunnelPlace place) {
                    return tunnel_process::RemoteTunnel::start(options, std::move(place));
                })
                .map([](auto tunnel) { return std::unique_ptr<RunningTunnel>{std::move(tunnel)}; });
        };
        return gate;
    }

    // wg(8) changes tunnels in other threads; the audit log is written in this one.
    GateForTunnels tell_changes(GateForTunnels gate) {
        wg_changes_.emplace(*queue_, agent_->audit_log(), clock_);
        gate.changed_by_wg = [this](const std::string& tunnel, int error) {
            wg_changes_->tell(tunnel, error);
        };
        return gate;
    }

    void start_tunnels(const Options& options) {
        config_file_ = options.config_file;
        const char* const credentials = std::getenv("CREDENTIALS_DIRECTORY");
        tunnels_ = std::make_unique<Tunnels>(
            options.configured_tunnels,
            options.tunnels,
            TunnelFolders{
                options.uapi_dir, options.state_dir, credentials == nullptr ? "" : credentials},
            clock_,
            with_processes(tell_changes(agent_->gate_for_tunnels())));
        tunnels_->tick();
    }

    Result<void> follow_policy(const Options& options) {
        if (!options.follow_policy) {
            return {};
        }
        auto follower = PolicyFollower::start(*agent_, [this] { return tunnels_->peer_names(); });
        if (!follower) {
            return Failure{follower.error()};
        }
        follower_ = std::move(*follower);
        return loop_.watch(
            follower_->fd(), EPOLLIN, [this](std::uint32_t) { follower_->take_news(); });
    }

    // Only the tunnels; the rest of the file is for the next start.
    void reload() {
        const auto file = read_config_file(config_file_);
        const Result<void> changed = file ? tunnels_->change(file->tunnels) : Failure{file.error()};
        agent_->audit_log().note({0,
                                  "signal",
                                  "tunnels/reload",
                                  changed ? "done" : changed.error().message(),
                                  {{"file", config_file_.string()}}});
        if (!changed) {
            log_problems("tunnels.refused", changed.error().message(), {"in_force", "as before"});
            return;
        }
        log(LogLevel::info, "tunnels.reloaded", {{"tunnels", file->tunnels.size()}});
        if (follower_) {
            follower_->read();  // it may name peers that are there now
        }
    }

    void take_signals() {
        while (const auto signal = signals_.take()) {
            if (*signal == SIGHUP) {
                reload();
            } else {
                loop_.stop();
            }
        }
    }

    StartResult<void> serve_metrics(const ListenAddress& address) {
        auto listener = listen_tcp(address.host, address.port);
        if (!listener) {
            return stop_with(ExitCode::failed,
                             Error{listener.error().code,
                                   listener.error().context + " (--metrics ADDRESS:PORT or off)"});
        }
        exporter_service_ = std::make_unique<ExporterService>(
            std::move(*listener), loop_, clock_, [this](ExporterPage page) {
                return exporter_->page(page);
            });
        return {};
    }

    [[nodiscard]] std::vector<ProcessStatus> processes() const {
        std::vector<ProcessStatus> all;
        if (exporter_service_) {
            all.push_back(exporter_service_->status());
        }
        all.push_back(dns_->status());
        return all;
    }

    Result<void> watch() {
        auto watched =
            loop_.watch(signals_.fd(), EPOLLIN, [this](std::uint32_t) { take_signals(); });
        if (watched) {
            watched = loop_.watch(timer_.fd(), EPOLLIN, [this](std::uint32_t) { tick(); });
        }
        if (watched) {
            watched = loop_.watch(
                queue_->fd(), EPOLLIN, [this](std::uint32_t) { queue_->run_waiting(); });
        }
        if (watched) {
            watched = watch_interfaces();
        }
        if (watched) {
            watched = loop_.watch(agent_->gate().events_fd(), EPOLLIN, [this](std::uint32_t) {
                agent_->read_events();
            });
        }
        return watched ? timer_.arm(kTick, kTick) : watched;
    }

    Result<void> watch_interfaces() {
        auto news = RouteWatch::open(RouteWatch::Subject::interfaces);
        if (!news) {
            return Failure{news.error()};
        }
        interface_news_.emplace(std::move(*news));
        agent_->look_for_interfaces();  // what came before anybody listened
        return loop_.watch(interface_news_->fd(), EPOLLIN, [this](std::uint32_t) {
            if (interface_news_->take()) {
                agent_->look_for_interfaces();
            }
        });
    }

    void tick() {
        static_cast<void>(timer_.take());
        startup_memory_.tick();
        dns_->tick();
        agent_->tick();
        tunnels_->tick();
        wg_changes_->tick();
        if (follower_) {
            follower_->tick();
        }
        exporter_->beat();
        if (exporter_service_) {
            exporter_service_->tick();
        }
        if (watchdog_interval()) {
            notify_service_manager("WATCHDOG=1");
        }
    }

    SystemClock clock_;
    StartupMemory startup_memory_{clock_};
    FileDescriptor lock_;
    SignalSource signals_;
    EventLoop loop_;
    Timer timer_;
    std::unique_ptr<TaskQueue> queue_;
    std::optional<DnsService> dns_;
    std::unique_ptr<Agent> agent_;
    std::optional<RouteWatch> interface_news_;
    std::optional<WgChanges> wg_changes_;
    std::unique_ptr<Tunnels> tunnels_;
    std::unique_ptr<PolicyFollower> follower_;
    std::unique_ptr<TunnelDesk> tunnel_desk_;
    std::filesystem::path config_file_;
    std::unique_ptr<ControlApi> api_;
    std::unique_ptr<Exporter> exporter_;
    std::unique_ptr<HttpServer> control_;
    std::unique_ptr<ExporterService> exporter_service_;
};

}  // namespace

ExitCode run_daemon(const Options& options) {
    auto daemon = Daemon::start(options);
    if (!daemon) {
        log_problems("agent.refused",
                     daemon.error().error.message(),
                     {"exit_code", static_cast<int>(daemon.error().code)});
        return daemon.error().code;
    }
    return (*daemon)->run();
}

}  // namespace tollgate::agent
