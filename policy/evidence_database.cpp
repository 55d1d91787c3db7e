// SPDX-License-Identifier: MIT
#include "policy/evidence_database.hpp"

#include <cerrno>
#include <chrono>
#include <system_error>

#include <fmt/format.h>

namespace tollgate::policy::evidence {
namespace {

namespace fs = std::filesystem;

constexpr int kSchemaVersion = 3;
constexpr std::uint64_t kPageSize = 4096;

// Times are microseconds since 1970, addresses and MACs text, hours a text of 168 digits.
constexpr std::string_view kServices = R"(
CREATE TABLE services (
    direction INTEGER, protocol INTEGER, port INTEGER, name TEXT, remote TEXT, group_address TEXT,
    flows INTEGER, answered INTEGER, sightings INTEGER, packets INTEGER, bytes INTEGER,
    first_seen INTEGER, last_seen INTEGER, hours TEXT, link_group INTEGER, link INTEGER, peer TEXT,
    PRIMARY KEY (direction, protocol, port, name, remote, group_address, link, peer))
    WITHOUT ROWID;
)";
constexpr std::string_view kFlows = R"(
CREATE TABLE flows (
    direction INTEGER, protocol INTEGER, remote TEXT, local TEXT, remote_port INTEGER,
    local_port INTEGER, first_seen INTEGER, last_seen INTEGER, remote_mac TEXT, icmp_type INTEGER,
    answered INTEGER, assured INTEGER, to_group INTEGER, packets_in INTEGER, packets_out INTEGER,
    bytes_in INTEGER, bytes_out INTEGER, name TEXT, zone INTEGER, link INTEGER, peer TEXT,
    PRIMARY KEY (zone, direction, protocol, remote, local, remote_port, local_port, first_seen))
    WITHOUT ROWID;
CREATE INDEX flows_by_age ON flows (last_seen);
)";
constexpr std::string_view kOthers = R"(
CREATE TABLE names (
    address TEXT, name TEXT, at INTEGER, ttl INTEGER, since INTEGER,
    PRIMARY KEY (address, name)) WITHOUT ROWID;
CREATE TABLE decisions (
    key TEXT PRIMARY KEY, number INTEGER, decision INTEGER, by TEXT) WITHOUT ROWID;
CREATE TABLE watched (hours TEXT);
INSERT INTO watched VALUES ('0');
)";

std::string new_database() {
    return fmt::format("BEGIN; {}{}{} PRAGMA user_version = {}; COMMIT",
                       kServices,
                       kFlows,
                       kOthers,
                       kSchemaVersion);
}

// Version 2 did not tell links apart: what it saw has the link 0 (Link::unknown), and what was
// decided about it holds for both.
std::string from_version_2() {
    return fmt::format(
        "BEGIN;"
        "ALTER TABLE services RENAME TO old_services; ALTER TABLE flows RENAME TO old_flows;"
        "DROP INDEX flows_by_age; {}{}"
        "INSERT INTO services SELECT *, 0, '' FROM old_services;"
        "INSERT INTO flows SELECT *, 0, 0, '' FROM old_flows;"
        "DROP TABLE old_services; DROP TABLE old_flows;"
        "UPDATE decisions SET key = key || ' via any';"
        "PRAGMA user_version = {}; COMMIT",
        kServices,
        kFlows,
        kSchemaVersion);
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    result_ =
        sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
    statement_.reset(statement);
}

bool Statement::step() {
    if (result_ == SQLITE_OK || result_ == SQLITE_ROW) {
        result_ = sqlite3_step(statement_.get());
    }
    return result_ == SQLITE_ROW;
}

int Statement::run() {
    while (step()) {
    }
    return failure_code();
}

std::string Statement::text(int column) const {
    const void* bytes = sqlite3_column_blob(statement_.get(), column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
    return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

HoursOfWeek Statement::hours(int column) const {
    const std::string digits = text(column);
    const bool valid = digits.find_first_not_of("01") == std::string::npos;
    return valid ? HoursOfWeek(digits) : HoursOfWeek();
}

void Statement::bind(int index, std::int64_t value) {
    result_ = result_ == SQLITE_OK ? sqlite3_bind_int64(statement_.get(), index, value) : result_;
}

void Statement::bind(int index, const std::string& value) {
    if (result_ == SQLITE_OK) {
        result_ = sqlite3_bind_text(statement_.get(),
                                    index,
                                    value.data(),
                                    static_cast<int>(value.size()),
                                    SQLITE_TRANSIENT);
    }
}

int execute(sqlite3* database, const std::string& sql) {
    return sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
}

int system_error_of(int result) {
    switch (result & 0xff) {
        case SQLITE_FULL:
            return ENOSPC;
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
        case SQLITE_READONLY:
            return EACCES;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return EBUSY;
        default:
            return EIO;
    }
}

bool is_damage(int result) {
    return (result & 0xff) == SQLITE_CORRUPT || (result & 0xff) == SQLITE_NOTADB;
}

// Opens the file and looks whether it is sound and ours; an empty one gets the schema.
Opened try_open(const fs::path& path, std::uint64_t bytes_max) {
    Opened opened;
    sqlite3* raw = nullptr;
    opened.result =
        sqlite3_open_v2(path.c_str(),
                        &raw,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        nullptr);
    opened.handle.reset(raw);
    if (opened.result != SQLITE_OK) {
        return opened;
    }
    sqlite3_busy_timeout(raw, 1000);
    Statement check(raw, "PRAGMA integrity_check(1)");
    const std::string verdict = check.step() ? check.text(0) : "";
    if (is_damage(check.failure_code()) || (!verdict.empty() && verdict != "ok")) {
        opened.damage = "is damaged";
        return opened;
    }
    Statement version(raw, "PRAGMA user_version");
    Statement tables(raw, "SELECT count(*) FROM sqlite_master");
    const std::int64_t found = version.step() ? version.integer(0) : 0;
    const bool empty = tables.step() && tables.integer(0) == 0;
    const bool older = found == 2;
    if (!empty && !older && found != kSchemaVersion) {
        opened.damage =
            fmt::format("has the schema version {} instead of {}", found, kSchemaVersion);
        return opened;
    }
    version.run();
    tables.run();
    check.run();
    opened.result = execute(raw,
                            fmt::format("PRAGMA page_size = {}; PRAGMA journal_mode = WAL;"
                                        "PRAGMA synchronous = NORMAL;"
                                        "PRAGMA journal_size_limit = 1048576",
                                        kPageSize));
    if (opened.result == SQLITE_OK && (empty || older)) {
        opened.result = execute(raw, empty ? new_database() : from_version_2());
    }
    if (opened.result == SQLITE_OK && older) {
        execute(raw, "VACUUM");  // of the room of the old tables; without it the file is larger
    }
    if (opened.result == SQLITE_OK) {
        opened.result =
            execute(raw, fmt::format("PRAGMA max_page_count = {}", bytes_max / kPageSize));
    }
    return opened;
}

// Renames the database and its journal. @return the new path
Result<fs::path> set_aside(const fs::path& path) {
    std::error_code error;
    const auto written = std::chrono::file_clock::to_sys(fs::last_write_time(path, error));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(written.time_since_epoch());
    fs::path aside = fmt::format("{}.corrupt-{}", path.string(), seconds.count());
    for (int i = 2; fs::exists(aside, error); ++i) {
        aside = fmt::format("{}.corrupt-{}-{}", path.string(), seconds.count(), i);
    }
    fs::rename(path, aside, error);
    if (error) {
        return Failure(Error{error, "set aside " + path.string()});
    }
    for (const char* suffix : {"-wal", "-shm"}) {
        fs::remove(path.string() + suffix, error);
    }
    return aside;
}

}  // namespace tollgate::policy::evidence
