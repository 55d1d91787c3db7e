// SPDX-License-Identifier: MIT
// Writes something that Tollgate remembers on disk, for state_writes.py, which makes its system
// calls fail.
//
//   state_writer KIND old FOLDER     the first value
//   state_writer KIND new FOLDER     the second; chdir("/") comes right before it. Exits with 0 if
//   it was written,
//                                    with 3 if the writer says that it was not
//   state_writer KIND read FOLDER    prints "old" or "new"; anything else is a failure, told on
//   standard error
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <unistd.h>

#include <fmt/format.h>

#include "agent/audit/audit_log.hpp"
#include "agent/core/state_store.hpp"
#include "agent/system/digest.hpp"
#include "agent/system/file.hpp"
#include "agent/tunnel/handshake_clock.hpp"
#include "policy/evidence.hpp"
#include "tests/support/fake_gate.hpp"
#include "tests/support/flows.hpp"

namespace {

namespace fs = std::filesystem;
using namespace tollgate;

constexpr int kNotWritten = 3;

/// Prepares what comes before the write, and returns the write.
using Write = std::function<bool()>;
struct Kind {
    Write (*writer)(const fs::path& folder, bool is_new);
    std::string (*read)(const fs::path& folder);
};

std::string policy_text(bool is_new) {
    // More than a page, so that half of it could be there.
    return fmt::format("# {}\n{}", is_new ? "new" : "old", std::string(10'000, '#'));
}

agent::State state_of(bool is_new) {
    agent::State state;
    state.last_number = is_new ? 2 : 1;
    state.boot_id = "boot";
    state.confirmed = {1, 1, agent::sha256_hex(policy_text(false)), 1, {}};
    if (is_new) {
        agent::PendingChange change;
        change.generation = {2, 2, agent::sha256_hex(policy_text(true)), 2, {}};
        change.deadline_wall_s = 1'790'000'060;
        state.pending = change;
    }
    return state;
}

// As the warden puts a policy in force: its text, the generation with its deadline, what is of no
// use any more.
Write write_policy(const fs::path& folder, bool is_new) {
    return [folder, is_new] {
        const auto store = agent::StateStore::open(folder);
        const std::string text = policy_text(is_new);
        if (!store || !store->save_policy(agent::sha256_hex(text), text) ||
            !store->save(state_of(is_new))) {
            return false;
        }
        store->prune_policies(state_of(is_new));
        return true;
    };
}

std::string read_policy(const fs::path& folder) {
    const auto store = agent::StateStore::open(folder);
    const auto state = store->load();
    if (!state || !*state) {
        return state ? "no state" : state.error().message();
    }
    const bool is_new = (*state)->pending.has_value();
    if (**state != state_of(is_new)) {
        return "another state";
    }
    for (const bool text_is_new : {false, true}) {
        const auto text = store->load_policy(agent::sha256_hex(policy_text(text_is_new)));
        if (!text && (is_new || !text_is_new)) {
            return text.error().message();
        }
    }
    return is_new ? "new" : "old";
}

Write write_blocklist(const fs::path& folder, bool is_new) {
    return [folder, is_new] {
        const auto store = agent::StateStore::open(folder);
        std::vector<Prefix> prefixes(1000, *Prefix::parse("192.0.2.0/24"));
        prefixes.push_back(*Prefix::parse(is_new ? "203.0.113.0/24" : "198.51.100.0/24"));
        return store && store->save_blocklist(prefixes);
    };
}

std::string read_blocklist(const fs::path& folder) {
    const auto prefixes = agent::StateStore::open(folder)->load_blocklist();
    if (!prefixes || prefixes->size() != 1001) {
        return prefixes ? "another length" : prefixes.error().message();
    }
    return prefixes->back().to_string() == "203.0.113.0/24" ? "new" : "old";
}

// A file is full after one record: the second begins the next, and the oldest goes.
Write write_audit(const fs::path& folder, bool is_new) {
    static const test::FakeClock kClock;
    static auto log = agent::AuditLog::open(folder / "audit", kClock, {100, 2});
    return [is_new] {
        if (!log) {
            return false;
        }
        log->note({0, "uid 0", "policy/apply", is_new ? "new" : "old", {}});
        return log->failures() == 0;
    };
}

std::string read_audit(const fs::path& folder) {
    const test::FakeClock clock;
    const auto log = agent::AuditLog::open(folder / "audit", clock);  // cuts off half a record
    if (!log || !log->warning().empty()) {
        return log ? log->warning() : log.error().message();
    }
    agent::AuditCheck check;
    std::string newest;
    const auto files = agent::audit_files(folder / "audit");
    for (const fs::path& file : *files) {
        const std::string text = *agent::read_file(file, 1 << 20);
        for (std::size_t at = 0; at < text.size();) {
            const std::size_t end = text.find('\n', at);
            const std::string line = text.substr(at, end - at);
            if (const auto wrong = check.take(line)) {
                return *wrong;
            }
            newest = line.find("audit-log/cut") == std::string::npos ? line : newest;
            at = end + 1;
        }
    }
    return newest.find("\"new\"") == std::string::npos ? "old" : "new";
}

policy::Learner learner_of(bool is_new) {
    policy::Learner learner;
    const std::uint16_t flows = is_new ? 40 : 20;
    for (std::uint16_t i = 0; i < flows; ++i) {
        learner.observe(test::flow_from("192.168.1.9", static_cast<std::uint16_t>(8000 + i), i));
    }
    return learner;
}

Write write_evidence(const fs::path& folder, bool is_new) {
    return [folder, is_new] {
        auto store = policy::EvidenceStore::open(folder / "evidence.db");
        return store && (*store)->save(learner_of(is_new));
    };
}

std::string read_evidence(const fs::path& folder) {
    auto store = policy::EvidenceStore::open(folder / "evidence.db");
    policy::Learner learner;
    if (!store || !(*store)->warning().empty() || !(*store)->load(learner)) {
        return store ? "lost: " + (*store)->warning() : store.error().message();
    }
    for (const bool is_new : {false, true}) {
        if (learner.services() == learner_of(is_new).services()) {
            return is_new ? "new" : "old";
        }
    }
    return fmt::format("{} services", learner.services().size());
}

crypto::Tai64n handshake_time(bool is_new) {
    return crypto::Tai64n::from(
        std::chrono::sys_seconds{std::chrono::seconds{is_new ? 2000 : 1000}});
}

Write write_handshake_time(const fs::path& folder, bool is_new) {
    return [folder, is_new] {
        return agent::HandshakeClock::write_time(folder / "handshake-time", handshake_time(is_new));
    };
}

std::string read_handshake_time(const fs::path& folder) {
    auto clock = agent::HandshakeClock::open(folder / "handshake-time");
    if (!clock) {
        return clock.error().message();
    }
    // Never earlier than one that may have been sent.
    const auto next = clock->next({});
    return next > handshake_time(true) ? "new" : next > handshake_time(false) ? "old" : "earlier";
}

const std::map<std::string_view, Kind> kKinds = {
    {"policy", {write_policy, read_policy}},
    {"blocklist", {write_blocklist, read_blocklist}},
    {"audit", {write_audit, read_audit}},
    {"evidence", {write_evidence, read_evidence}},
    {"handshake-time", {write_handshake_time, read_handshake_time}},
};

int write(const Kind& kind, const fs::path& folder, bool is_new) {
    const auto start = agent::StateStore::open(folder);  // as the agent's
    const Write act = kind.writer(folder, is_new);
    if (!start || ::chdir("/") != 0) {
        return 1;
    }
    return act() ? 0 : kNotWritten;
}

int read(const Kind& kind, const fs::path& folder) {
    const std::string found = kind.read(folder);
    if (found != "old" && found != "new") {
        fmt::print(stderr, "{}\n", found);
        return 1;
    }
    fmt::print("{}\n", found);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const auto kind = argc == 4 ? kKinds.find(argv[1]) : kKinds.end();
    if (kind == kKinds.end()) {
        fmt::print(stderr, "which kind of state, old, new or read, and which folder?\n");
        return 2;
    }
    const std::string_view step = argv[2];
    return step == "read" ? read(kind->second, argv[3])
                          : write(kind->second, argv[3], step == "new");
}
