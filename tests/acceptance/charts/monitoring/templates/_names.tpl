{{- /* Name of what is the stack's own. 26 letters leave room for what is appended here and by the operator. */ -}}
{{- define "stack.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name }}
{{- $both := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- .Values.fullnameOverride | default $both | trunc 26 | trimSuffix "-" }}
{{- end }}

{{- define "stack.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "stack.labels" -}}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.Version | quote }}
app.kubernetes.io/part-of: {{ include "stack.name" . }}
chart: {{ .Chart.Name }}-{{ .Chart.Version }}
release: {{ .Release.Name | quote }}
heritage: {{ .Release.Service | quote }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Labels of what a subchart of the published chart makes; that one knows nothing of commonLabels. */ -}}
{{- define "stack.part" -}}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/part-of: {{ .name }}
app.kubernetes.io/component: metrics
release: {{ .root.Release.Name }}
{{- end }}

{{- define "stack.part.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .name }}
{{- end }}

{{- define "stack.image" -}}
{{ .root.Values.global.imageRegistry | default .image.registry }}/{{ .image.repository }}:{{ .image.tag | default .root.Chart.AppVersion }}
{{- end }}

{{- define "stack.prometheus" -}}
{{ include "stack.fullname" . }}-prometheus
{{- end }}

{{- define "stack.operator" -}}
{{ include "stack.fullname" . }}-operator
{{- end }}

{{- /* Name and namespace of the Service that the operator keeps for the kubelets. */ -}}
{{- define "stack.kubelet" -}}
{{ .Values.prometheusOperator.kubeletService.namespace }}/{{ .Values.prometheusOperator.kubeletService.name | default (printf "%s-kubelet" (include "stack.fullname" .)) }}
{{- end }}

{{- /* Which objects of a kind Prometheus takes: those that the values select, else the release's own, else all. */ -}}
{{- define "stack.selector" -}}
{{- $spec := .root.Values.prometheus.prometheusSpec }}
{{- $chosen := index $spec (printf "%sSelector" .kind) }}
{{- $own := index $spec (printf "%sSelectorNilUsesHelmValues" .kind) }}
{{ .kind }}NamespaceSelector: {{ index $spec (printf "%sNamespaceSelector" .kind) | default dict | toJson }}
{{- if $chosen }}
{{ .kind }}Selector: {{ toJson $chosen }}
{{- else if $own }}
{{ .kind }}Selector: {matchLabels: {release: {{ .root.Release.Name | quote }}}}
{{- else }}
{{ .kind }}Selector: {}
{{- end }}
{{- end }}

{{- define "stack.container.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "stack.pod.securityContext" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .group }}
fsGroup: {{ .group }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "stack.operator.labels" -}}
{{ include "stack.labels" . }}
app: {{ include "stack.name" . }}-operator
app.kubernetes.io/name: {{ include "stack.name" . }}-prometheus-operator
app.kubernetes.io/component: prometheus-operator
{{- end }}

{{- /* What the three ways to scrape a kubelet have in common. */ -}}
{{- define "stack.kubelet.endpoint" -}}
port: https-metrics
scheme: https
bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
tlsConfig:
  caFile: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
  insecureSkipVerify: {{ .insecureSkipVerify }}
honorLabels: true
honorTimestamps: true
relabelings:
  - action: replace
    sourceLabels: [__metrics_path__]
    targetLabel: metrics_path
{{- end }}
