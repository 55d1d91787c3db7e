// SPDX-License-Identifier: MIT
#include "agent/flowlog/line_sink.hpp"

#include <utility>

namespace tollgate::agent {

LineSink::LineSink(Options options, Format format)
    : CollectorSink{options.name, std::move(options.place), options.buffer_records},
      format_{std::move(format)} {}

void LineSink::flush(std::chrono::steady_clock::time_point now) {
    link().poll(now);
    send(std::chrono::steady_clock::now() + kPatience);
}

std::string LineSink::entry_of(const FlowLogRecord& record) {
    return format_(record);
}

void LineSink::send(Time end) {
    while (!buffer().empty() && link().is_up()) {
        const std::string& line = buffer()[0];
        if (line.size() > link().message_limit()) {
            buffer().lose_front();
        } else if (link().send(line, 1, left_until(end))) {
            buffer().pop_front();
        } else {
            return;
        }
    }
}

}  // namespace tollgate::agent
