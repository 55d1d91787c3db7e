// SPDX-License-Identifier: MIT
#include "policy/evidence.hpp"

#include <map>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "policy/evidence_database.hpp"

namespace tollgate::policy {
namespace {

namespace fs = std::filesystem;
using evidence::Handle;
using evidence::Opened;
using evidence::Statement;

std::int64_t number(Timestamp at) {
    return at.time_since_epoch().count();
}

std::int64_t number(std::uint64_t value) {
    return static_cast<std::int64_t>(value);
}

std::int64_t number(bool value) {
    return value ? 1 : 0;
}

template <typename Enum>
std::enable_if_t<std::is_enum_v<Enum>, std::int64_t> number(Enum value) {
    return static_cast<std::int64_t>(value);
}

// What another program wrote there is as unknown as what nobody did.
Link link_of(const Statement& row, int column) {
    const auto link = row.as<Link>(column);
    return link == Link::clear || link == Link::tunnel ? link : Link::unknown;
}

// A row of the table flows.
FlowRecord flow_of(const Statement& row) {
    FlowRecord flow;
    flow.direction = row.as<Direction>(0);
    flow.protocol = row.as<std::uint8_t>(1);
    flow.remote = row.address(2);
    flow.local = row.address(3);
    flow.remote_port = row.as<std::uint16_t>(4);
    flow.local_port = row.as<std::uint16_t>(5);
    flow.first_seen = row.time(6);
    flow.last_seen = row.time(7);
    flow.remote_mac = MacAddress::parse(row.text(8)).value_or(MacAddress{});
    flow.icmp_type = row.as<std::uint8_t>(9);
    flow.answered = row.integer(10) != 0;
    flow.assured = row.integer(11) != 0;
    flow.group = row.integer(12) != 0;
    flow.packets = {row.as<std::uint64_t>(13), row.as<std::uint64_t>(14)};
    flow.bytes = {row.as<std::uint64_t>(15), row.as<std::uint64_t>(16)};
    flow.zone = row.as<std::uint8_t>(18);
    flow.link = link_of(row, 19);
    flow.peer = row.text(20);
    return flow;
}

}  // namespace

struct EvidenceStore::Database {
    fs::path path;
    Options options;
    std::string warning;
    Handle handle;
    // What the file holds, to write only what differs.
    Learner::Services services;
    std::map<IpAddress, std::vector<NameBinding>> names;
    Learner::Decisions decisions;
    HoursOfWeek watched;
    std::uint64_t flow_updates = 0;

    [[nodiscard]] Failure error(int result, std::string_view doing) const {
        return failure(
            evidence::system_error_of(result),
            fmt::format("{} {} ({})", doing, path.string(), sqlite3_errmsg(handle.get())));
    }
    int write_services(const Learner& learner);
    int write_names(const Learner& learner);
    int write_decisions(const Learner& learner);
    int write_flows(const Learner& learner);
    int write_watched(const Learner& learner);
    void remember(const Learner& learner);
};

EvidenceStore::EvidenceStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}
EvidenceStore::~EvidenceStore() = default;

const std::string& EvidenceStore::warning() const {
    return database_->warning;
}

Result<std::unique_ptr<EvidenceStore>> EvidenceStore::open(const fs::path& path,
                                                           const Options& options) {
    auto database = std::make_unique<Database>();
    database->path = path;
    database->options = options;
    Opened opened = evidence::try_open(path, options.bytes_max);
    if (!opened.damage.empty() || evidence::is_damage(opened.result)) {
        const std::string damage = opened.damage.empty() ? "is damaged" : opened.damage;
        opened.handle.reset();
        const auto aside = evidence::set_aside(path);
        if (!aside) {
            return Failure(aside.error());
        }
        database->warning = fmt::format(
            "the evidence in {} {}; it was renamed to {} and learning "
            "starts again",
            path.string(),
            damage,
            aside->string());
        opened = evidence::try_open(path, options.bytes_max);
    }
    database->handle = std::move(opened.handle);
    if (opened.result != SQLITE_OK) {
        return database->error(opened.result, "open the evidence");
    }
    return std::unique_ptr<EvidenceStore>(new EvidenceStore(std::move(database)));
}

Result<std::unique_ptr<EvidenceStore>> EvidenceStore::in_memory(std::string warning) {
    auto store = open(":memory:");
    if (store) {
        (*store)->database_->warning = std::move(warning);
    }
    return store;
}

Result<void> EvidenceStore::load(Learner& learner) {
    sqlite3* handle = database_->handle.get();
    Statement names(handle, "SELECT address, name, at, ttl, since FROM names ORDER BY at");
    while (names.step()) {
        learner.bind({names.address(0),
                      names.text(1),
                      names.time(2),
                      std::chrono::seconds(names.integer(3)),
                      names.time(4)});
    }
    Statement services(handle, "SELECT * FROM services");
    while (services.step()) {
        ServiceKey key{services.as<Direction>(0),
                       services.as<std::uint8_t>(1),
                       services.as<std::uint16_t>(2),
                       services.text(3),
                       services.address(4),
                       services.address(5),
                       link_of(services, 15),
                       services.text(16)};
        learner.restore(key,
                        {services.as<std::uint64_t>(6),
                         services.as<std::uint64_t>(7),
                         services.as<std::uint64_t>(8),
                         services.as<std::uint64_t>(9),
                         services.as<std::uint64_t>(10),
                         services.time(11),
                         services.time(12),
                         services.hours(13),
                         services.integer(14) != 0});
    }
    Statement decisions(handle, "SELECT key, number, decision, by FROM decisions");
    while (decisions.step()) {
        learner.restore(
            decisions.text(0),
            {decisions.as<std::uint32_t>(1), decisions.as<Decision>(2), decisions.text(3)});
    }
    Statement flows(handle, "SELECT * FROM flows ORDER BY last_seen");
    while (flows.step()) {
        learner.restore(RecentFlow{flow_of(flows), flows.text(17)});
    }
    Statement watched(handle, "SELECT hours FROM watched");
    if (watched.step()) {
        learner.restore(watched.hours(0));
    }
    watched.run();
    for (const Statement* read : {&names, &services, &decisions, &flows, &watched}) {
        if (read->failure_code() != SQLITE_OK) {
            return database_->error(read->failure_code(), "read the evidence");
        }
    }
    database_->remember(learner);
    return {};
}

void EvidenceStore::Database::remember(const Learner& learner) {
    services = learner.services();
    names = learner.names().all();
    decisions = learner.decisions();
    watched = learner.watched();
    flow_updates = learner.history().updates();
}

// Writes what differs and removes what is gone. All return SQLITE_OK or what went wrong.
int EvidenceStore::Database::write_services(const Learner& learner) {
    Statement put(handle.get(),
                  "INSERT OR REPLACE INTO services VALUES "
                  "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const auto& [key, sum] : learner.services()) {
        const auto known = services.find(key);
        if (known == services.end() || known->second != sum) {
            put.with(number(key.direction),
                     key.protocol,
                     key.port,
                     key.name,
                     key.remote.to_string(),
                     key.group.to_string(),
                     number(sum.flows),
                     number(sum.answered),
                     number(sum.sightings),
                     number(sum.packets),
                     number(sum.bytes),
                     number(sum.first_seen),
                     number(sum.last_seen),
                     sum.hours.to_string(),
                     number(sum.link_group),
                     number(key.link),
                     key.peer)
                .run();
        }
    }
    Statement remove(handle.get(),
                     "DELETE FROM services WHERE direction = ? AND protocol = ? AND port = ? AND "
                     "name = ? AND remote = ? AND group_address = ? AND link = ? AND peer = ?");
    for (const auto& [key, sum] : services) {
        if (!learner.services().contains(key)) {
            remove
                .with(number(key.direction),
                      key.protocol,
                      key.port,
                      key.name,
                      key.remote.to_string(),
                      key.group.to_string(),
                      number(key.link),
                      key.peer)
                .run();
        }
    }
    return put.failure_code() != SQLITE_OK ? put.failure_code() : remove.failure_code();
}

int EvidenceStore::Database::write_names(const Learner& learner) {
    Statement remove(handle.get(), "DELETE FROM names WHERE address = ?");
    Statement put(handle.get(), "INSERT OR REPLACE INTO names VALUES (?, ?, ?, ?, ?)");
    const auto& now = learner.names().all();
    for (const auto& [address, bindings] : names) {
        if (!now.contains(address)) {
            remove.with(address.to_string()).run();
        }
    }
    for (const auto& [address, bindings] : now) {
        const auto known = names.find(address);
        if (known != names.end() && known->second == bindings) {
            continue;
        }
        remove.with(address.to_string()).run();
        for (const NameBinding& binding : bindings) {
            put.with(address.to_string(),
                     binding.name,
                     number(binding.at),
                     binding.ttl.count(),
                     number(binding.since))
                .run();
        }
    }
    return put.failure_code() != SQLITE_OK ? put.failure_code() : remove.failure_code();
}

int EvidenceStore::Database::write_decisions(const Learner& learner) {
    if (decisions == learner.decisions()) {
        return SQLITE_OK;
    }
    Statement clear(handle.get(), "DELETE FROM decisions");
    clear.run();
    Statement put(handle.get(), "INSERT INTO decisions VALUES (?, ?, ?, ?)");
    for (const auto& [key, decided] : learner.decisions()) {
        put.with(key, decided.number, number(decided.decision), decided.by).run();
    }
    return put.failure_code() != SQLITE_OK ? put.failure_code() : clear.failure_code();
}

int EvidenceStore::Database::write_flows(const Learner& learner) {
    const FlowHistory& history = learner.history();
    Statement put(handle.get(),
                  "INSERT OR REPLACE INTO flows VALUES "
                  "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    std::uint64_t changed = history.updates() - flow_updates;
    auto recent = history.flows().rbegin();
    for (; changed > 0 && recent != history.flows().rend(); --changed, ++recent) {
        const FlowRecord& flow = recent->flow;
        put.with(number(flow.direction),
                 flow.protocol,
                 flow.remote.to_string(),
                 flow.local.to_string(),
                 flow.remote_port,
                 flow.local_port,
                 number(flow.first_seen),
                 number(flow.last_seen),
                 flow.remote_mac.to_string(),
                 flow.icmp_type,
                 number(flow.answered),
                 number(flow.assured),
                 number(flow.group),
                 number(flow.packets[TG_INGRESS]),
                 number(flow.packets[TG_EGRESS]),
                 number(flow.bytes[TG_INGRESS]),
                 number(flow.bytes[TG_EGRESS]),
                 recent->name,
                 flow.zone,
                 number(flow.link),
                 flow.peer)
            .run();
    }
    Statement prune(handle.get(),
                    "DELETE FROM flows WHERE last_seen < (SELECT max(last_seen) FROM flows) - ?");
    prune.with(std::chrono::microseconds(options.history).count()).run();
    Statement forget(handle.get(), "DELETE FROM flows WHERE last_seen < ?");
    Timestamp oldest = Timestamp::max();
    for (const RecentFlow& kept : history.flows()) {
        oldest = std::min(oldest, kept.flow.last_seen);
    }
    forget.with(number(oldest)).run();
    for (const Statement* statement : {&put, &prune, &forget}) {
        if (statement->failure_code() != SQLITE_OK) {
            return statement->failure_code();
        }
    }
    return SQLITE_OK;
}

int EvidenceStore::Database::write_watched(const Learner& learner) {
    Statement put(handle.get(), "UPDATE watched SET hours = ?");
    return put.with(learner.watched().to_string()).run();
}

Result<void> EvidenceStore::save(const Learner& learner) {
    Database& database = *database_;
    sqlite3* handle = database.handle.get();
    int result = evidence::execute(handle, "BEGIN IMMEDIATE");
    const auto writes = {&Database::write_services,
                         &Database::write_names,
                         &Database::write_decisions,
                         &Database::write_flows,
                         &Database::write_watched};
    for (const auto write : writes) {
        if (result == SQLITE_OK) {
            result = (database.*write)(learner);
        }
    }
    if (result == SQLITE_OK) {
        result = evidence::execute(handle, "COMMIT");
    }
    if (result != SQLITE_OK) {
        const Failure error = database.error(result, "save the evidence");
        evidence::execute(handle, "ROLLBACK");
        return error;
    }
    database.remember(learner);
    return {};
}

}  // namespace tollgate::policy
