using ModelOptimizer.Onnx;

namespace ModelOptimizer.Inference;

/// <summary>
/// Types of operators that have no rule, as the runtime infers them. A sweep collects the questions; they are put together, in one scratch
/// model that holds nothing but those operators, and equal ones, also of later sweeps, only once.
/// </summary>
internal sealed class RuntimeTypes(IInferenceEngine engine)
{
    private readonly Dictionary<TypeQuestion, TensorType?[]> _answers = [];
    private readonly Dictionary<TypeQuestion, TypeQuestion> _open = [];

    /// <summary>Answers from what is known; a new question is kept for <see cref="AnswerOpenQuestions"/>.</summary>
    public void Type(Node node, NodeTyping typing)
    {
        if (TypeQuestion.About(node, typing) is not { } question)
            return;
        if (!_answers.TryGetValue(question, out var types))
            _open.TryAdd(question, question);
        else
            for (var i = 0; i < types.Length; i++)
                typing.Set(i, types[i]?.ElementType, question.Restore(types[i]?.Shape));
    }

    /// <summary>Asks what the last sweep left open.</summary>
    /// <returns>False when there was nothing.</returns>
    public bool AnswerOpenQuestions(OnnxModel model)
    {
        if (_open.Count == 0)
            return false;
        foreach (var group in _open.Keys.GroupBy(question => question.Opset))
            Answer(model, [.. group]);
        _open.Clear();
        return true;
    }

    /// <summary>Where the runtime refuses several together, each half is asked by itself, down to the one that it refuses.</summary>
    private void Answer(OnnxModel model, IReadOnlyList<TypeQuestion> questions)
    {
        if (new TypeScratch(model, questions).Ask(engine) is { } answers)
            for (var i = 0; i < questions.Count; i++)
                _answers[questions[i]] = answers[i];
        else if (questions is [var refused])
            _answers[refused] = [];
        else
        {
            Answer(model, [.. questions.Take(questions.Count / 2)]);
            Answer(model, [.. questions.Skip(questions.Count / 2)]);
        }
    }
}
