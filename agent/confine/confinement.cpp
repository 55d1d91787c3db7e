// SPDX-License-Identifier: MIT
#include "agent/confine/confinement.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <limits>
#include <set>

#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fmt/format.h>

#include <tollgate/sanitizer.hpp>

#include "agent/confine/landlock.hpp"
#include "agent/confine/privileges.hpp"
#include "agent/confine/syscall_filter.hpp"

namespace tollgate::agent {

namespace {

constexpr uid_t kNobody = 65534;

struct User {
    uid_t user = kNobody;
    gid_t group = kNobody;
};

User confined_user() {
    const passwd* const entry = ::getpwnam(kConfinedUser.data());
    return entry == nullptr ? User{} : User{entry->pw_uid, entry->pw_gid};
}

Result<void> close_between(unsigned first, unsigned last) {
    if (first <= last && ::close_range(first, last, 0) != 0) {
        return failure(errno, "close descriptors");
    }
    return {};
}

Result<void> close_all_but(const std::vector<int>& descriptors) {
    std::set<unsigned> kept{STDERR_FILENO};
    for (const int descriptor : descriptors) {
        kept.insert(static_cast<unsigned>(descriptor));
    }
    unsigned first = 0;
    for (const unsigned descriptor : kept) {
        if (descriptor > first) {
            if (auto closed = close_between(first, descriptor - 1); !closed) {
                return closed;
            }
        }
        first = descriptor + 1;
    }
    return close_between(first, std::numeric_limits<unsigned>::max());
}

Result<void> limit(int resource, std::optional<std::uint64_t> most, std::string_view name) {
    if (!most) {
        return {};
    }
    const auto what = static_cast<__rlimit_resource>(resource);
    rlimit limits{};
    bool done = ::getrlimit(what, &limits) == 0;
    // Past the soft limit of time comes a signal that says so; past the hard one, SIGKILL.
    const rlim_t hard = resource == RLIMIT_CPU ? *most + 1 : *most;
    limits.rlim_max = std::min(hard, limits.rlim_max);
    limits.rlim_cur = std::min(static_cast<rlim_t>(*most), limits.rlim_max);
    done = done && ::setrlimit(what, &limits) == 0;
    if (!done) {
        return failure(errno, fmt::format("limit {} to {}", name, *most));
    }
    return {};
}

Result<void> apply(const ProcessLimits& limits) {
    const auto memory = limits_memory() ? limits.memory_bytes : std::nullopt;
    for (const auto& set : {limit(RLIMIT_CORE, 0, "core dumps"),
                            limit(RLIMIT_AS, memory, "memory"),
                            limit(RLIMIT_CPU, limits.cpu_seconds, "CPU time"),
                            limit(RLIMIT_NOFILE, limits.open_files, "descriptors"),
                            limit(RLIMIT_FSIZE, limits.file_bytes, "files")}) {
        if (!set) {
            return set;
        }
    }
    return {};
}

// The service manager may keep the agent from being killed for want of memory; what a stranger can
// make grow has to go before others do.
Result<void> be_killed_as_others() {
    constexpr auto kScore = "/proc/self/oom_score_adj";
    int score = 0;
    if (!(std::ifstream{kScore} >> score) || score >= 0) {
        return {};
    }
    std::ofstream file{kScore};
    if (!(file << 0 << std::flush)) {
        return failure(errno, fmt::format("write {}", kScore));
    }
    return {};
}

// The kernel forgets it when the user changes; a parent that died in between is seen by its id.
class ParentDeathSignal {
  public:
    ParentDeathSignal() : parent_{::getppid()} { ::prctl(PR_GET_PDEATHSIG, &signal_, 0, 0, 0); }

    [[nodiscard]] Result<void> restore() const {
        if (signal_ != 0 &&
            (::prctl(PR_SET_PDEATHSIG, signal_, 0, 0, 0) != 0 || ::getppid() != parent_)) {
            return failure("the parent process is gone");
        }
        return {};
    }

  private:
    pid_t parent_;
    int signal_ = 0;
};

Result<void> change_user(ConfinementReport& report, const User& user, Kept kept) {
    const ParentDeathSignal death;
    auto emptied = empty_bounding_set();
    if (!emptied) {
        return Failure{emptied.error()};
    }
    auto became = become(user.user, user.group);
    if (!became) {
        return Failure{became.error()};
    }
    if (auto dropped = drop_capabilities(kept); !dropped) {
        return dropped;
    }
    // Neither its files in /proc nor its memory are its user's to read.
    if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return failure(errno, "be closed to other processes");
    }
    report.bounding_set = *emptied;
    report.own_user = *became;
    report.user = ::getuid();
    report.group = ::getgid();
    return death.restore();
}

}  // namespace

bool limits_memory() {
    return !kIsSanitized;
}

Result<ConfinementReport> confine(const Confinement& wanted) {
    const User user = confined_user();  // reads files
    if (auto killed = be_killed_as_others(); !killed) {
        return Failure{killed.error()};
    }
    const auto closed =
        wanted.keeps_descriptors ? Result<void>{} : close_all_but(wanted.descriptors);
    if (!closed) {
        return Failure{closed.error()};
    }
    if (auto limited = apply(wanted.limits); !limited) {
        return Failure{limited.error()};
    }
    if (auto renounced = renounce_new_privileges(); !renounced) {
        return Failure{renounced.error()};
    }
    ConfinementReport report;
    const auto landlock = take_file_system();
    if (!landlock) {
        return Failure{landlock.error()};
    }
    report.landlock = *landlock;
    if (auto changed = change_user(report, user, wanted.kept); !changed) {
        return Failure{changed.error()};
    }
    if (auto filtered = filter_syscalls(wanted.profile); !filtered) {
        return Failure{filtered.error()};
    }
    return report;
}

std::string describe(const Confinement& wanted, const ConfinementReport& report) {
    return fmt::format("user={} capabilities={} no_new_privs=1 seccomp={} landlock={}",
                       report.user,
                       wanted.kept == Kept::none ? "none" : "bpf",
                       name_of(wanted.profile),
                       report.landlock);
}

}  // namespace tollgate::agent
