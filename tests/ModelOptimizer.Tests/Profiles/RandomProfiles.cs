using System.Text.Json.Nodes;
using CsCheck;

namespace ModelOptimizer.Tests.Profiles;

/// <summary>Small profiles: parts of one that says everything, with up to two changes. JSON, which YAML 1.2 reads as it is.</summary>
internal static class RandomProfiles
{
    private static readonly string[] Values =
    [
        "true", "false", "null", "0", "1", "4", "5", "-1", "0.5", "-0.5", "1.5", "100000000000", "1e-3",
        "\"\"", "\"x\"", "\"8\"", "\"0.5\"", "\"true\"", "\"yes\"", "\"25%\"", "\"25 %\"", "\"-25%\"", "\"2 MiB\"", "\"2mib\"", "\"5 ms\"", "\"5\"", "\"MiB\"",
        "\"resource\"", "\"nearest\"", "\"warning\"", "\"info\"", "\"top-1\"", "\"size\"", "\"MyApp.Models\"", "\"3D\"", "\"simplify\"", "\"cpu-int8\"",
        "[]", "[\"x\"]", "[1]", "[0.5]", "\"224x224\"", "\"0x3\"", "\"stretch\"", "[\"simplify\"]", "[\"sqnr\", \"agreement\"]", "[{\"quantize-weights\": null}]", "[{\"simplify\": {}}]", "[{\"simplify\": {\"x\": 1}}]",
        "[{\"simplify\": null, \"quantize-weights\": null}]", "[{}]", "[[]]", "[{\"cpu-int8\": null}]", "[{\"cpu-int8\": {}}]",
        "{}", "{\"x\": 1}", "{\"min\": 0.5}", "{\"max\": \"2 MiB\"}", "{\"max-drop\": \"1%\"}", "{\"max-rise\": 0.01}", "{\"severity\": \"error\"}", "{\"steps\": 2}",
    ];

    private static readonly string[] Keys = ["bits", "size", "top-1", "data", "metric", "accuracy", "min", "max", "max-drop", "max-rise", "severity", "samples", "class", "Version", "zzz"];

    public static JsonObject Complete() => (JsonObject)JsonNode.Parse("""
        {
          "version": 1,
          "model": "Models/langid.onnx",
          "calibration": {
            "data": "data/calibration.npz", "samples": 64, "images": ["photos/*.jpg"], "size": "640x480", "resize": "pad", "fill": 114, "channels": "bgr", "divide-by": 1,
            "mean": [0.5, 1, 2], "std": 0.25, "layout": "nhwc", "text": "t.txt", "tokenizer": "vocab.txt", "length": 64, "pad": true },
          "passes": [
            "simplify", "weights-int8", { "convert-float16": {} }, { "quantize-dynamic": null },
            { "fix-dimensions": { "batch": 1, "others": false, "input[1]": 512 } },
            { "upgrade-opset": 17 }, { "upgrade-opset": { "version": 21 } },
            { "quantize-weights": {
                "bits": 4, "block-size": 32, "per-channel": false, "memory": "25%", "threshold": "2 KiB", "search": "5 ms", "rounding": "toward-zero",
                "alpha": -0.5, "seed": 7, "epsilon": 1, "grid": { "steps": 3 }, "include": "*", "exclude": ["/head/*"], "operators": ["MatMul"],
                "exclude-operators": [],
                "accuracy": { "metric": "top-1", "max-drop": "0.5%", "samples": 64 } } }
          ],
          "evaluate": { "data": ["a.npz", "b.npz"], "images": "photos", "size": 224, "labels": "labels", "metrics": ["top-1", "sqnr"], "output": "logits", "batch": 8 },
          "budget": {
            "size": "2 MiB", "compressed-size": { "max": 1000, "max-rise": 0 }, "size-ratio": "30%", "latency-ratio": { "max": 0.6, "severity": "error" },
            "cosine-similarity": 0.99, "sqnr": { "min": 20 }, "max-abs-error": 0.01, "top-1": { "min": "97%", "max-drop": "0.5%" }, "top-5": "99%",
            "agreement": { "min": 0.9, "severity": "warning" }, "perplexity": { "max": 30, "max-rise": "1%" } },
          "embed": { "as": "content", "compression": "brotli", "class": "LanguageModel", "namespace": "MyApp.Models" }
        }
        """)!;

    public static readonly Gen<JsonObject> Gen =
        from keep in CsCheck.Gen.Int[0, 3]
        from parts in CsCheck.Gen.Int[0, int.MaxValue].Array[12]
        from changes in CsCheck.Gen.Select(CsCheck.Gen.Int[0, int.MaxValue], CsCheck.Gen.Int[0, 3],
            Any(Values), Any(Keys)).Array[0, 2]
        select Make(keep, parts, changes);

    private static Gen<string> Any(string[] choices) => CsCheck.Gen.Int[0, choices.Length - 1].Select(i => choices[i]);

    private static JsonObject Make(int keep, int[] parts, (int Where, int What, string Value, string Key)[] changes)
    {
        var profile = Complete();
        foreach (var part in parts.Take(4 * keep))
            Drop(profile, part);
        foreach (var change in changes)
            Change(profile, change);
        return profile;
    }

    /// <summary>Leaves out one entry somewhere, but never the version.</summary>
    private static void Drop(JsonObject profile, int where)
    {
        var maps = Places(profile).OfType<JsonObject>().Where(map => map.Count > 1).ToList();
        if (maps.Count == 0)
            return;
        var map = maps[where % maps.Count];
        var key = map.ElementAt(where / 7 % map.Count).Key;
        if (key != "version")
            map.Remove(key);
    }

    private static void Change(JsonObject profile, (int Where, int What, string Value, string Key) change)
    {
        var places = Places(profile).ToList();
        var place = places[change.Where % places.Count];
        var value = JsonNode.Parse(change.Value);
        if (place is JsonObject map && change.What > 0)
            map[change.What == 1 || map.Count == 0 ? change.Key : map.ElementAt(change.Where / 7 % map.Count).Key] = value;
        else if (place.Parent is JsonArray list)
            list[place.GetElementIndex()] = value;
        else if (place.Parent is JsonObject parent)
            parent[place.GetPropertyName()] = value;
    }

    private static IEnumerable<JsonNode> Places(JsonNode node)
    {
        var children = node switch
        {
            JsonObject map => map.Select(entry => entry.Value),
            JsonArray list => list,
            _ => [],
        };
        return children.OfType<JsonNode>().SelectMany(Places).Prepend(node);
    }
}
