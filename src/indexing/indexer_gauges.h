// The Indexer's metrics.  Internal to indexing.
//
// Thread-safe.  Nothing blocks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "base/metrics.h"
#include "search/search.h"

namespace vams::indexing {

// What the text of the metrics is made from, also when the Indexer is gone.
struct FollowState {
  std::atomic<search::Position> position = 0;
  std::atomic<search::Position> last_change = 0;
  std::atomic<std::int64_t> behind_since = 0;  // when the oldest change not shown was made; 0: none
  std::atomic<bool> needs_reindex = false;

  std::int64_t BehindMillis(std::int64_t now) const {
    const std::int64_t since = behind_since.load();
    return since == 0 ? 0 : std::max<std::int64_t>(now - since, 1);
  }
};

struct IndexerGauges {
  IndexerGauges(Metrics& metrics, const Clock& clock, const std::shared_ptr<FollowState>& state)
      : applied(
            metrics.GetCounter("vams_search_applied_changes_total",
                               "Changes of the log that the search index was followed up with")),
        put(metrics.GetCounter("vams_search_writes_total", "Documents written to the search index",
                               {{"kind", "put"}})),
        removed(metrics.GetCounter("vams_search_writes_total",
                                   "Documents written to the search index", {{"kind", "remove"}})),
        failures(metrics.GetCounter("vams_search_failures_total",
                                    "Attempts to index something that failed")),
        troubles(metrics.GetGauge("vams_search_troubles",
                                  "Documents that could not be indexed and are tried again")),
        assets(metrics.GetGauge("vams_search_documents", "Documents of the search index",
                                {{"kind", "asset"}})),
        files(metrics.GetGauge("vams_search_documents", "Documents of the search index",
                               {{"kind", "file"}})),
        visible(metrics.GetHistogram("vams_search_visible_seconds",
                                     "Time from a change to its being found", DurationBounds())) {
    metrics.ReadGauge("vams_search_position", "Place in the change log that the index shows", {},
                      [state] { return static_cast<double>(state->position.load()); });
    metrics.ReadGauge("vams_search_lag_changes", "Changes that the index does not show yet", {},
                      [state] {
                        const auto last = state->last_change.load();
                        const auto position = state->position.load();
                        return last > position ? static_cast<double>(last - position) : 0.0;
                      });
    metrics.ReadGauge("vams_search_lag_seconds",
                      "Age of the oldest change that the index does not show", {},
                      [state, now = &clock] {
                        return static_cast<double>(state->BehindMillis(now->NowMillis())) / 1000;
                      });
    metrics.ReadGauge("vams_search_needs_reindex", "1 while the index waits for being built anew",
                      {}, [state] { return state->needs_reindex.load() ? 1.0 : 0.0; });
  }

  Counter &applied, &put, &removed, &failures;
  Gauge &troubles, &assets, &files;
  Histogram& visible;
};

}  // namespace vams::indexing
