// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// What `tollgate watch` knows: samples of the agent's counters, and the tables made of two of
/// them. Pure.
namespace tollgate::cli::watch {

/// Counters of both ways, which only grow.
struct Traffic {
    std::uint64_t received_bytes = 0;
    std::uint64_t sent_bytes = 0;
};

struct Flow {
    std::string interface;
    bool outgoing = false;
    std::string protocol;
    std::string remote;  ///< address and port
    std::string name;    ///< of the remote; may be empty
    std::string peer;
    std::string local;
    std::string service;  ///< "tcp/443"
    std::string rule;
    std::string would_drop;
    Traffic traffic;
    std::uint64_t idle_s = 0;

    std::string id;  ///< the same in every sample

    [[nodiscard]] const std::string& key() const { return id; }
};

struct Drops {
    std::string interface;
    bool outgoing = false;
    std::string reason;
    bool would = false;  ///< enforcing would drop
    std::uint64_t packets = 0;

    [[nodiscard]] std::string key() const {
        return interface + (outgoing ? " out " : " in ") + reason + (would ? " would" : "");
    }
};

/// Whose packets were dropped, by the last events.
struct Source {
    std::string remote;
    std::string name;
    std::string reason;
    std::string service;
    std::uint64_t packets = 0;
};

struct Peer {
    std::string tunnel;
    std::string name;
    std::string endpoint;
    std::optional<std::uint64_t> handshake_age_s;  ///< nothing: never
    Traffic traffic;

    [[nodiscard]] std::string key() const { return tunnel + ' ' + name; }
};

struct Stage {
    std::string interface;
    std::string stage;
};

struct Sample {
    double at_s = 0;  ///< of a clock that never jumps
    std::string policy;
    std::uint64_t generation = 0;
    bool open = false;
    std::vector<Stage> stages;
    std::string pending;   ///< what waits for its confirmation; empty: nothing
    std::string deadline;  ///< "12:01:40, in 1m 40s"
    std::vector<Flow> flows;
    std::vector<Drops> drops;
    std::vector<Source> sources;
    std::vector<Peer> peers;
};

/// Of a counter between two samples. @return nothing: there is no earlier value, or it fell
[[nodiscard]] std::optional<double> rate(std::optional<std::uint64_t> before,
                                         std::uint64_t now,
                                         double seconds);
/// "812 B/s", "41.2 kB/s"; "-" for none.
[[nodiscard]] std::string rate_text(std::optional<double> bytes_per_second);

struct Cell {
    std::string text;
    double number = 0;  ///< what a column of numbers is sorted by
};

struct Row {
    std::vector<Cell> cells;
    std::vector<std::string> details;  ///< lines for people
};

struct Column {
    std::string title;
    bool number = false;     ///< to the right; sorted from the largest
    unsigned rank = 0;       ///< the highest go first when there is no room
    bool stretches = false;  ///< its text is cut when there is no room
};

struct Table {
    std::string title;
    std::vector<Column> columns;
    std::vector<Row> rows;
};

enum class Subject : std::uint8_t { flows, drops, sources, peers };
inline constexpr std::size_t kSubjects = 4;

/// The table of a subject, in the order of the sample.
/// @param before  the sample before; nullptr: there is none, and so no rates
[[nodiscard]] Table table_of(Subject subject, const Sample* before, const Sample& now);

}  // namespace tollgate::cli::watch
